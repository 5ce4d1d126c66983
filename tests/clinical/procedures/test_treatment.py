"""What the frames of one procedure add up to."""

import json
from dataclasses import replace
from typing import Any

import pytest

from services.clinical.canonical import canonical, digest, from_json
from services.clinical.moments import at
from services.clinical.procedures.frame import FrameDigest, digest_frame
from services.clinical.procedures.treatment import summarize
from services.clinical.statements import Alarm, ConsoleHeader, Cycle, TreatmentSummary
from tests.clinical.procedures.frames import digests, frame, instant, moment

HEADER = {"started": instant(1), "device": "IceSense3", "coolant": "LN2", "gauge": "10G", "positions": 1}


def summary(*frames: dict[str, Any]) -> TreatmentSummary:
    return summarize("IEO", "A-100", "IS3-07", digests(*frames))[0]


def header(*frames: dict[str, Any]) -> ConsoleHeader | None:
    return summarize("IEO", "A-100", "IS3-07", digests(*frames))[1]


def test_a_whole_procedure_adds_up() -> None:
    frames = [
        frame(1, "test", tip=-60.0, header=HEADER),
        frame(2, "freeze", tip=[10.0, -15.0, -30.0, -60.0, *[-150.0] * 8]),
        frame(3, "freeze", tip=-160.0),
        frame(4, "thaw_passive", tip=[-100.0, -50.0, -30.0, -21.0, -20.0, *[-5.0] * 7]),
        frame(5, "freeze", cycle=2, tip=-155.5),
        frame(6, "thaw_active", cycle=2, tip=[-80.0, *[20.0] * 11]),
        frame(7, "warm", cycle=2, tip=38.0),
        frame(8, "done", cycle=2, tip=24.0, header=HEADER | {"ended": instant(9)}),
    ]
    expected = TreatmentSummary(
        site="IEO",
        accession="A-100",
        console="IS3-07",
        frames=8,
        first_at=moment(1),
        last_at=moment(9),
        treated=True,
        cycles=(
            Cycle(1, 1, 120.0, 60.0, -160.0, 130.0, 115.0),
            Cycle(1, 2, 60.0, 60.0, -155.5, 65.0, 65.0),
        ),
        minimum_tip_c=-160.0,
        freeze_s=180.0,
        below_minus_20_s=195.0,
        below_minus_40_s=180.0,
        done=True,
    )
    assert expected == summary(*frames)
    assert header(*frames) == ConsoleHeader(
        "IEO", "A-100", "IS3-07", 8, at(moment(1)), at(moment(9)), "IceSense3", "LN2", "10G", 1
    )


def test_a_procedure_abandoned_before_freezing_is_not_treated_however_cold_the_test_was() -> None:
    found = summary(frame(1, "idle", tip=22.0), frame(2, "test", tip=-60.0), frame(3, "idle", tip=21.0))
    assert (found.treated, found.cycles, found.minimum_tip_c, found.freeze_s) == (False, (), None, 0.0)


@pytest.mark.parametrize(("cold", "treated"), [(11, False), (12, True)])
def test_a_minute_below_minus_20_is_a_treatment_and_less_is_not(cold: int, treated: bool) -> None:
    assert treated == summary(frame(1, tip=[-21.0] * cold + [-20.0] * (12 - cold))).treated


def test_short_freezes_of_two_insertions_do_not_add_up_to_a_treatment() -> None:
    half: list[float | None] = [-40.0] * 6 + [5.0] * 6
    assert not summary(frame(1, tip=half, insertion=1), frame(2, tip=half, insertion=2)).treated
    assert summary(frame(1, tip=half), frame(2, tip=half)).treated


def test_cold_that_lasts_only_while_thawing_is_no_treatment() -> None:
    found = summary(frame(1, tip=-19.0), frame(2, "thaw_passive", tip=-30.0))
    assert (found.treated, found.below_minus_20_s) == (False, 60.0)


def test_every_insertion_has_its_own_cycles() -> None:
    found = summary(*(frame(n, insertion=n, cycle=1) for n in (1, 2, 3)))
    assert [(c.insertion, c.cycle, c.freeze_s) for c in found.cycles] == [
        (1, 1, 60.0),
        (2, 1, 60.0),
        (3, 1, 60.0),
    ]


@pytest.mark.parametrize("nothing", [None, 8388607, -300.0, 384.5, -8388607])
def test_a_tip_temperature_that_cannot_be_is_a_gap_and_never_a_minimum(nothing: float | None) -> None:
    found = digest_frame(frame(1, tip=[-100.0, nothing, nothing, -90.0]))
    assert (found.gap_s, found.minimum_tip_c, found.below_minus_20_s) == (10.0, -100.0, 10.0)


def test_minus_100_is_a_temperature_at_the_tip() -> None:
    assert digest_frame(frame(1, tip=-100.0)).minimum_tip_c == -100.0


def test_a_frame_without_one_believable_temperature_still_lasts() -> None:
    found = summary(frame(1, tip=[None] * 12))
    assert (found.freeze_s, found.minimum_tip_c, found.treated) == (60.0, None, False)


def test_a_frame_without_samples_is_the_moment_at_which_its_phase_began() -> None:
    empty = frame(3, "done")
    del empty["samples"]
    found = summary(empty)
    assert (found.first_at, found.last_at, found.done) == (moment(3), moment(3), True)


def test_the_longest_channel_tells_how_long_a_frame_is() -> None:
    found = digest_frame(frame(1, tip=[-30.0], heart_rate_bpm=[70.0] * 6))
    assert (found.seconds, found.gap_s) == (30.0, 25.0)


@pytest.mark.parametrize(("numbers", "missing"), [((1, 2, 3), 0), ((1, 4), 2), ((3, 4), 2), ((0, 1), 0), ((0, 3), 2)])
def test_numbers_that_were_passed_over_are_missing_frames(numbers: tuple[int, ...], missing: int) -> None:
    assert missing == summary(*(frame(n) for n in numbers)).missing_frames


def test_of_two_frames_of_one_number_the_longer_one_counts_and_both_are_held() -> None:
    whole, part = frame(1, tip=-150.0), frame(1, tip=[-160.0] * 3)
    for order in ((whole, part), (part, whole)):
        found = summary(*order)
        assert (found.frames, found.freeze_s, found.minimum_tip_c, found.missing_frames) == (2, 60.0, -150.0, 0)


def test_of_two_equally_long_frames_of_one_number_the_greater_hash_counts() -> None:
    one, other = digests(frame(1, tip=-150.0), frame(1, tip=-151.0))
    expected = max(one, other, key=digest).minimum_tip_c
    for order in ([one, other], [other, one, one]):
        assert expected == summarize("IEO", "A-100", "IS3-07", order)[0].minimum_tip_c


def test_a_frame_that_is_sent_again_later_is_the_same_frame() -> None:
    first = frame(1)
    assert digest_frame(first) == digest_frame(first | {"sent": instant(90)})


def test_the_last_frame_that_says_a_header_field_wins_whatever_came_first() -> None:
    early = frame(1, header=HEADER)
    late = frame(9, "done", header={"gauge": "13G", "ended": instant(10)})
    for order in ((early, late), (late, early)):
        found = header(*order)
        assert found is not None
        assert (found.gauge, found.device, found.started, found.ended) == (
            "13G",
            "IceSense3",
            at(moment(1)),
            at(moment(10)),
        )


def test_no_frame_with_a_header_is_no_header() -> None:
    assert header(frame(1), frame(2)) is None


def test_the_operators_note_is_not_kept() -> None:
    found = digest_frame(frame(1, header=HEADER | {"operator_note": "Rossi, Maria"}))
    assert "Rossi" not in canonical(found)


def test_alarms_are_kept_once_each_in_the_order_of_their_times() -> None:
    def alarm(code: str, seconds: float) -> dict[str, str]:
        return {"code": code, "at": instant(1, seconds)}

    first = frame(1, alarms=(alarm("CRYOGEN_LOW", 40), alarm("Cardiac-Arrest", 30), alarm("CRYOGEN_LOW", 41)))
    repeated = frame(2, alarms=(alarm("cardiac arrest", 30), alarm("CRYOGEN_LOW", 70)))
    assert summary(first, repeated).alarms == (
        Alarm("cardiac_arrest", moment(1, 30)),
        Alarm("cryogen_low", moment(1, 40)),
        Alarm("cryogen_low", moment(2, 10)),
    )


def test_a_digest_comes_back_from_storage_as_it_was() -> None:
    made = digest_frame(
        frame(
            7,
            header=HEADER | {"ended": instant(8)},
            alarms=({"code": "X", "at": instant(7, 1.25)},),
            systolic_mmhg=[200.0, None, 120.0],
            diastolic_mmhg=[90, 80, 70],
            spo2_pct=[97] * 12,
        )
    )
    assert made == from_json(FrameDigest, json.loads(canonical(made)))


def test_a_zero_keeps_its_spelling_in_storage() -> None:
    assert canonical(digest_frame(frame(1, tip=-0.001))) == canonical(digest_frame(frame(1, tip=0)))


def test_a_digest_stays_small() -> None:
    made = digest_frame(
        frame(7, systolic_mmhg=[120] * 12, diastolic_mmhg=[70] * 12, spo2_pct=[98] * 12, heart_rate_bpm=[60] * 12)
    )
    assert len(canonical(made)) < 500


def test_no_frames_are_no_treatment_to_speak_of() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        summarize("IEO", "A-100", "IS3-07", [])


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        digest_frame(frame(1, header=HEADER | {"started": "2024-03-05T09:00:00"}))


def test_a_digest_that_another_frame_adds_never_makes_the_version_smaller() -> None:
    held = digests(frame(1), frame(2))
    more = [*held, replace(held[0], seconds=1.0)]
    counts = [summarize("IEO", "A-100", "IS3-07", some)[0].frames for some in (held[:1], held, more)]
    assert counts == [1, 2, 3]
