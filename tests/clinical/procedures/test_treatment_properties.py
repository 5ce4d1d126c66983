"""Order, repetition and splitting never change what a treatment adds up to."""

import json
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.clinical.canonical import canonical, from_json
from services.clinical.procedures.frame import ConsolePhase, FrameDigest, digest_frame
from services.clinical.procedures.treatment import summarize
from tests.clinical.procedures.frames import frame, instant

NOTHING = st.sampled_from([None, 8388607, -100])


def channel(low: float, high: float) -> st.SearchStrategy[list[float | None]]:
    return st.lists(NOTHING | st.floats(low, high).map(lambda v: round(v, 1)), max_size=12)


@st.composite
def frames(draw: st.DrawFn) -> dict[str, Any]:
    number = draw(st.integers(0, 12))
    seconds = draw(st.integers(0, 90))
    return frame(
        number,
        draw(st.sampled_from([phase.value for phase in ConsolePhase])),
        tip=draw(channel(-196, 40)),
        insertion=draw(st.integers(1, 3)),
        cycle=draw(st.integers(1, 3)),
        step_s=draw(st.sampled_from([0.1, 1.0, 5.0, 30.0])),
        header=draw(st.none() | st.sampled_from([{"gauge": "10G"}, {"started": instant(1), "positions": 2}])),
        alarms=tuple({"code": c, "at": instant(number, seconds)} for c in draw(st.sets(st.sampled_from("ABC")))),
        systolic_mmhg=draw(channel(60, 230)),
        diastolic_mmhg=draw(channel(30, 140)),
        spo2_pct=draw(channel(80, 100)),
        heart_rate_bpm=draw(channel(30, 150)),
    )


def folded(digests: list[FrameDigest]) -> str:
    return canonical(summarize("IEO", "A-100", "IS3-07", digests))


@settings(max_examples=40, deadline=None)
@given(st.lists(frames(), min_size=1, max_size=10), st.randoms(use_true_random=False))
def test_any_order_and_any_repeats_give_the_same_summary(sent: list[dict[str, Any]], rng: Random) -> None:
    digests = [digest_frame(one) for one in sent]
    again = digests + rng.choices(digests, k=len(digests))
    rng.shuffle(again)
    assert folded(digests) == folded(again)


@settings(max_examples=40, deadline=None)
@given(st.lists(frames(), min_size=1, max_size=10), st.integers(0, 10), st.randoms(use_true_random=False))
def test_frames_that_come_in_two_batches_and_through_storage_give_the_same_summary(
    sent: list[dict[str, Any]], cut: int, rng: Random
) -> None:
    digests = [digest_frame(one) for one in sent]
    stored = [from_json(FrameDigest, json.loads(canonical(one))) for one in digests[cut:] + digests[:cut]]
    assert folded(digests) == folded(stored)


@settings(max_examples=40, deadline=None)
@given(st.lists(frames(), min_size=2, max_size=10))
def test_what_is_learned_makes_the_version_grow_and_what_is_known_does_not(sent: list[dict[str, Any]]) -> None:
    digests = [digest_frame(one) for one in sent]
    before = summarize("IEO", "A-100", "IS3-07", digests[:-1])[0].frames
    after = summarize("IEO", "A-100", "IS3-07", digests)[0].frames
    assert after == before + (digests[-1] not in digests[:-1])


@settings(max_examples=40, deadline=None)
@given(st.lists(frames(), min_size=1, max_size=10))
def test_a_summary_holds_together(sent: list[dict[str, Any]]) -> None:
    found = summarize("IEO", "A-100", "IS3-07", [digest_frame(one) for one in sent])[0]
    assert found.first_at <= found.last_at
    assert 0 <= found.below_minus_40_s <= found.below_minus_20_s
    assert 0 <= found.missing_frames <= 12
    assert all(excursion.seconds > 0 for excursion in found.excursions)
    assert not found.treated or found.below_minus_20_s >= 60
