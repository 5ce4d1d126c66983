"""Vital signs out of range: only what lasts, in its phase, and never from a value that is no measurement."""

from typing import Any

import pytest

from services.clinical.procedures.treatment import summarize
from services.clinical.procedures.vitals import Line, thresholds
from services.clinical.statements import Excursion
from tests.clinical.procedures.frames import digests, frame, moment

CUFF = [0, 6]
"""The samples of a twelve-sample frame in which the cuff measures: twice a minute."""


def excursions(*frames: dict[str, Any]) -> tuple[Excursion, ...]:
    return summarize("IEO", "A-100", "IS3-07", digests(*frames))[0].excursions


def cuff(*values: float) -> list[float | None]:
    measured: list[float | None] = [None] * 12
    for index, value in zip(CUFF, values, strict=False):
        measured[index] = value
    return measured


def test_hypertension_that_lasts_through_the_thaw_is_one_excursion() -> None:
    frames = [frame(n, "thaw_passive", systolic_mmhg=cuff(182 + n, 190)) for n in (1, 2, 3)]
    assert excursions(*frames) == (Excursion("hypertension", "thaw_passive", 190.0, 155.0, moment(1)),)


def test_a_single_high_cuff_reading_is_not_sustained() -> None:
    assert excursions(frame(1, systolic_mmhg=cuff(230)), frame(2, systolic_mmhg=cuff(120, 118))) == ()


def test_cuff_readings_five_minutes_apart_are_one_episode() -> None:
    frames = [frame(1, "thaw_active", systolic_mmhg=cuff(200)), frame(6, "thaw_active", systolic_mmhg=cuff(195))]
    assert excursions(*frames) == (Excursion("hypertension", "thaw_active", 200.0, 305.0, moment(1)),)


def test_silence_longer_than_a_reading_stands_for_ends_an_episode() -> None:
    assert excursions(frame(1, systolic_mmhg=cuff(200)), frame(8, systolic_mmhg=cuff(200))) == ()


def test_a_normal_reading_in_between_ends_an_episode() -> None:
    readings = [frame(n, systolic_mmhg=cuff(200 if n % 2 else 120)) for n in (1, 2, 3, 4, 5)]
    assert excursions(*readings) == ()


def test_hypertension_has_to_last_by_itself_on_either_side_of_freezing() -> None:
    high = [frame(1, "freeze", systolic_mmhg=[190.0] * 12), frame(2, "thaw_passive", systolic_mmhg=cuff(190))]
    assert [e.phase for e in excursions(*high)] == ["freeze"]
    longer = [*high, frame(3, "thaw_active", systolic_mmhg=cuff(190, 185))]
    assert [(e.phase, e.seconds) for e in excursions(*longer)] == [
        ("freeze", 60.0),
        ("thaw_active", 35.0),
        ("thaw_passive", 60.0),
    ]


def test_an_episode_over_two_phases_is_sustained_as_a_whole_and_told_for_each() -> None:
    low = [frame(1, "freeze", spo2_pct=[97.0] * 6 + [88.0] * 6), frame(2, "thaw_passive", spo2_pct=[85.0] * 12)]
    assert excursions(*low) == (
        Excursion("hypoxia", "freeze", 88.0, 30.0, moment(1, 30)),
        Excursion("hypoxia", "thaw_passive", 85.0, 60.0, moment(2)),
    )


def test_systolic_and_diastolic_are_one_excursion_told_by_the_systolic() -> None:
    both = frame(1, "idle", systolic_mmhg=[190.0] * 12, diastolic_mmhg=[125.0] * 12)
    assert excursions(both) == (Excursion("hypertension", "idle", 190.0, 60.0, moment(1)),)


def test_a_high_diastolic_pressure_is_hypertension_by_itself() -> None:
    found = excursions(frame(1, "warm", systolic_mmhg=[170.0] * 12, diastolic_mmhg=[122.0] * 12))
    assert found == (Excursion("hypertension", "warm", 122.0, 60.0, moment(1)),)


def test_a_low_mean_pressure_is_hypotension_though_the_systolic_is_not_low() -> None:
    frames = [frame(n, systolic_mmhg=[92.0] * 12, diastolic_mmhg=[40.0] * 12) for n in range(1, 6)]
    assert excursions(*frames) == (Excursion("hypotension", "freeze", 57.3, 300.0, moment(1)),)


def test_the_worst_value_is_the_lowest_of_what_is_too_low() -> None:
    frames = [frame(n, heart_rate_bpm=[39.0 - n] * 12) for n in (1, 2)]
    assert excursions(*frames) == (Excursion("bradycardia", "freeze", 37.0, 120.0, moment(1)),)


def test_the_order_of_the_frames_is_the_order_of_their_times() -> None:
    frames = [frame(n, "thaw_passive", spo2_pct=[89.0 - n] * 12) for n in (1, 2, 3)]
    assert excursions(*frames) == excursions(*reversed(frames))


@pytest.mark.parametrize("channel", ["systolic_mmhg", "diastolic_mmhg", "spo2_pct", "heart_rate_bpm"])
@pytest.mark.parametrize("nothing", [None, 8388607, -100, 0])
def test_a_value_that_means_not_available_is_no_excursion(channel: str, nothing: float | None) -> None:
    frames = [frame(n, **{channel: [nothing] * 12}) for n in range(1, 10)]
    assert excursions(*frames) == ()


def test_a_missing_value_between_two_low_ones_does_not_end_an_episode() -> None:
    values: list[float | None] = [85.0, None, 8388607, 85.0] * 3
    assert [e.seconds for e in excursions(frame(1, spo2_pct=values), frame(2, spo2_pct=values))] == [120.0]


@pytest.mark.parametrize("line", thresholds().lines, ids=lambda line: line.id)
def test_the_examples_of_every_line_are_out_of_range_and_measurements(line: Line) -> None:
    signal = thresholds().signals[line.signal]
    assert all(line.broken(value) and signal.lowest <= value <= signal.highest for value in line.example)


@pytest.mark.parametrize("line", thresholds().lines, ids=lambda line: line.id)
def test_every_line_is_an_excursion_once_it_is_sustained_and_not_before(line: Line) -> None:
    worst = line.example[0]
    channels = (
        {"systolic_mmhg": worst + 40, "diastolic_mmhg": worst - 20}
        if line.signal == "mean_mmhg"
        else {line.signal: worst}
    )
    minutes = int(line.sustained_s // 60)
    frames = [
        frame(n, "idle", **{channel: [value] * 12 for channel, value in channels.items()})
        for n in range(1, minutes + 1)
    ]
    assert [line.vital] == [e.vital for e in excursions(*frames)]
    frames[-1]["samples"] |= {channel: [value] * 11 for channel, value in channels.items()}
    assert excursions(*frames) == ()
