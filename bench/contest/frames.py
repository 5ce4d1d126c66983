"""Console frames to feed, and what has to come out: one summary a procedure, every frame in it once.

Eight consoles work at a time; a procedure has 40 frames of 60 samples in five channels; one frame in twenty is sent
twice.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from services.clinical.procedures.treatment import summarize
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Done
from services.runtime.sites import Sites
from services.telemetry_reducer.handler import handle

TOPIC, SINK = "procedure-telemetry", "clinical-facts"
FRAMES, CONSOLES, SAMPLES, CHANNELS = 40, 8, 60, 5
AGAIN = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What a summary has to say of one procedure."""

    frames: int
    freeze_s: float
    minimum_tip_c: float


def load(count: int) -> list[tuple[bytes, bytes]]:
    """About ``count`` records as (key, value), whole procedures, in the order in which eight consoles send them."""
    made: list[tuple[bytes, bytes]] = []
    accession = 0
    while len(made) < count:
        together = [f"T{accession + n:06d}" for n in range(CONSOLES)]
        accession += CONSOLES
        for number in range(1, FRAMES + 1):
            for console, name in enumerate(together):
                record = (name.encode(), _frame(name, f"IS3-{console}", number))
                made.append(record)
                if len(made) % AGAIN == 0:
                    made.append(record)
    return made


def _frame(accession: str, console: str, number: int) -> bytes:
    freezing = number % 8 < 5
    clock = f"2024-03-05T{9 + number // 60:02d}:{number % 60:02d}:00Z"
    cold = -150.0 - int(accession[1:]) % 10 if freezing else -10.0
    frame = {
        "schema": "procedure-telemetry.v1", "site": "IEO", "console": console, "accession": accession, "frame": number,
        "sent": clock, "insertion": 1, "cycle": 1, "phase": "freeze" if freezing else "thaw_passive",
        "phase_started": clock,
        "samples": {
            "started": clock, "step_s": 1.0,
            "tip_c": [cold + second % 7 for second in range(SAMPLES)],
            "systolic_mmhg": [121.0 if second == 0 else None for second in range(SAMPLES)],
            "diastolic_mmhg": [71.0 if second == 0 else None for second in range(SAMPLES)],
            "spo2_pct": [96 + second % 4 for second in range(SAMPLES)],
            "heart_rate_bpm": [60 + second * number % 25 for second in range(SAMPLES)],
        },
        "alarms": [],
    }  # fmt: skip
    return json.dumps(frame, separators=(",", ":")).encode()


def expected(records: list[tuple[bytes, bytes]]) -> dict[str, Answer]:
    """The answers, folded in memory from the same bytes."""
    digests: dict[tuple[str, str], dict[int, object]] = {}
    for number, value in enumerate({value: None for _, value in records}):
        read = handle(InboundMessage(TOPIC, 0, number, value), Sites())
        assert isinstance(read, Done)
        for one in read.results:
            digests.setdefault((one.accession, one.console), {})[one.frame] = one.digest
    found = {}
    for (accession, console), held in digests.items():
        summary, _ = summarize("IEO", accession, console, list(held.values()))  # type: ignore[arg-type]
        assert summary.minimum_tip_c is not None
        found[accession] = Answer(summary.frames, summary.freeze_s, summary.minimum_tip_c)
    return found


def answers(values: list[bytes]) -> dict[str, Answer]:
    """The last word on each procedure in what was published: the summary of most frames."""
    found: dict[str, Answer] = {}
    for value in values:
        said = json.loads(value)
        statement: Mapping[str, object] = said.get("statement", said)
        if "freeze_s" not in statement:
            continue
        one = Answer(statement["frames"], statement["freeze_s"], statement["minimum_tip_c"])  # type: ignore[arg-type]
        held = found.get(str(statement["accession"]))
        if held is None or one.frames > held.frames:
            found[str(statement["accession"])] = one
    return found
