"""How many frames a second become digests, and how long a summary takes; the answers are checked.

Run ``python -m bench.telemetry``: frames of 60 samples in every channel, one process, one core.
"""

import json
from time import perf_counter

from services.clinical.canonical import canonical, from_json
from services.clinical.procedures.frame import FrameDigest, digest_frame
from services.clinical.procedures.treatment import summarize
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Done
from services.runtime.sites import Sites
from services.telemetry_reducer.handler import handle

FRAMES = 20_000
ONE_PROCEDURE = 240
MINUTE = 60


def messages() -> list[bytes]:
    """Freezing and thawing minutes in turn: noisy vital signs, a cuff every five minutes, sentinels in between."""
    made = []
    for number in range(1, FRAMES + 1):
        freezing = number % 8 < 5
        clock = f"2024-03-05T{9 + number // 60 % 12:02d}:{number % 60:02d}:00Z"
        frame = {
            "schema": "procedure-telemetry.v1",
            "site": "IEO",
            "console": "IS3-07",
            "accession": "A-100",
            "frame": number,
            "sent": clock,
            "insertion": 1,
            "cycle": 1,
            "phase": "freeze" if freezing else "thaw_passive",
            "phase_started": clock,
            "samples": {
                "started": clock,
                "step_s": 1.0,
                "tip_c": [(-150.0 if freezing else -10.0) + second % 7 for second in range(MINUTE)],
                "systolic_mmhg": [121.0 if number % 5 == 0 and second == 0 else None for second in range(MINUTE)],
                "diastolic_mmhg": [71.0 if number % 5 == 0 and second == 0 else None for second in range(MINUTE)],
                "spo2_pct": [None if second % 20 == 7 else 96 + second % 4 for second in range(MINUTE)],
                "heart_rate_bpm": [60 + (second * number) % 25 for second in range(MINUTE)],
            },
            "alarms": [],
        }
        if number % 10 == 0:
            frame["samples"]["spo2_pct"] = [80.0] * MINUTE  # type: ignore[index]
        made.append(json.dumps(frame).encode())
    return made


def check(digests: list[FrameDigest]) -> None:
    """Stop with words when an answer is wrong."""
    frozen = sum(1 for number in range(1, FRAMES + 1) if number % 8 < 5)
    assert len(digests) == FRAMES
    assert frozen * 60.0 == sum(digest.freeze_s for digest in digests)
    assert frozen * 60.0 == sum(digest.below_minus_40_s for digest in digests)
    assert sum(1 for digest in digests if any(s.line == "hypoxia" for s in digest.stretches)) == FRAMES // 10
    assert {-150.0, -10.0} == {digest.minimum_tip_c for digest in digests}


def main() -> None:
    """Print three figures."""
    raw = messages()
    parsed = [json.loads(value) for value in raw]

    started = perf_counter()
    digests = [digest_frame(frame) for frame in parsed]
    digesting = perf_counter() - started
    check(digests)

    sites = Sites()
    inbound = [InboundMessage("procedure-telemetry", 0, offset, value) for offset, value in enumerate(raw)]
    started = perf_counter()
    outcomes = [handle(message, sites) for message in inbound]
    handling = perf_counter() - started
    check([outcome.results[0].digest for outcome in outcomes if isinstance(outcome, Done)])

    stored = [json.loads(canonical(digest)) for digest in digests[:ONE_PROCEDURE]]
    started = perf_counter()
    summary, _ = summarize("IEO", "A-100", "IS3-07", [from_json(FrameDigest, row) for row in stored])
    folding = perf_counter() - started
    assert (summary.frames, summary.treated, summary.missing_frames) == (ONE_PROCEDURE, True, 0)
    assert sum(e.seconds for e in summary.excursions if e.vital == "hypoxia") == 60.0 * ONE_PROCEDURE / 10

    print(f"digest_frame  {FRAMES / digesting:>9,.0f} frames/s of {MINUTE} samples in five channels")
    print(f"handle        {FRAMES / handling:>9,.0f} messages/s, JSON and schema included")
    print(f"summarize     {folding * 1000:>9.1f} ms for {ONE_PROCEDURE} stored digests")


if __name__ == "__main__":
    main()
