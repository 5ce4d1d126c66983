"""What one console frame adds to a treatment: small, made once when the frame arrives, and kept.

The format ``procedure-telemetry.v1`` is this project's own: no public data export of a nitrogen console is
known. Times are the console's: a clock that is wrong is not corrected here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from services.clinical.moments import parse_iso
from services.clinical.procedures.vitals import Stretch, observe
from services.clinical.statements import Alarm

TIP_RANGE_C = (-200.0, 100.0)
"""Liquid nitrogen boils at -196 °C, and no probe that thaws boils water. Beyond is no measurement: a gap."""


CHANNELS = (
    "tip_c",
    "cryogen_level_pct",
    "systolic_mmhg",
    "diastolic_mmhg",
    "spo2_pct",
    "heart_rate_bpm",
)
"""The channels with one value a sample; the longest one tells how many samples the frame has."""


class ConsolePhase(StrEnum):
    """What the console is doing during a whole frame."""

    IDLE = "idle"
    TEST = "test"
    FREEZE = "freeze"
    THAW_PASSIVE = "thaw_passive"
    THAW_ACTIVE = "thaw_active"
    WARM = "warm"
    DONE = "done"
    FAULT = "fault"


THAWING = frozenset({ConsolePhase.THAW_PASSIVE, ConsolePhase.THAW_ACTIVE})
IN_CYCLE = THAWING | {ConsolePhase.FREEZE}
"""Phases whose cold reaches the tumor. A test's stays outside the patient; a faulty console isn't trusted."""


@dataclass(frozen=True, slots=True)
class HeaderPart:
    """What one frame's header says of the procedure. The operator's note stays behind: it is free text."""

    started: datetime | None = None
    ended: datetime | None = None
    device: str | None = None
    coolant: str | None = None
    gauge: str | None = None
    positions: int | None = None


@dataclass(frozen=True, slots=True)
class FrameDigest:
    """One frame's part. Seconds and degrees Celsius; cold is counted at the tip, inside cycles only.

    ``gap_s`` is time without a believable tip temperature. ``calm`` names the vital-sign lines that were
    measured and never crossed; ``stretches`` tells the others. A frame with samples that is sent again
    with another ``sent`` has an equal digest.
    """

    frame: int
    insertion: int
    cycle: int
    phase: ConsolePhase
    start: datetime
    seconds: float
    minimum_tip_c: float | None = None
    below_minus_20_s: float = 0.0
    below_minus_40_s: float = 0.0
    gap_s: float = 0.0
    calm: tuple[str, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    header: HeaderPart | None = None

    @property
    def end(self) -> datetime:
        """When the frame's last sample ends."""
        return self.start + timedelta(seconds=self.seconds)

    @property
    def freeze_s(self) -> float:
        """Seconds of freezing."""
        return self.seconds if self.phase is ConsolePhase.FREEZE else 0.0

    @property
    def thaw_s(self) -> float:
        """Seconds of thawing, passive or active."""
        return self.seconds if self.phase in THAWING else 0.0


def digest_frame(frame: Mapping[str, Any]) -> FrameDigest:
    """Digest a frame that fits the schema; ValueError on a time without a zone.

    A frame without samples is a moment: of its phase's beginning, else of its sending.
    """
    samples: Mapping[str, Any] = frame.get("samples") or {}
    step_s = float(samples.get("step_s") or 1.0)
    count = max((len(samples.get(channel) or ()) for channel in CHANNELS), default=0)
    phase = ConsolePhase(frame["phase"])
    low, high = TIP_RANGE_C
    tips = [tip for tip in samples.get("tip_c") or () if tip is not None and low <= tip <= high]
    cold = tips if phase in IN_CYCLE else []
    minimum = min(cold, default=None)
    below_20 = sum(tip < -20 for tip in cold) if minimum is not None and minimum < -20 else 0
    below_40 = sum(tip < -40 for tip in cold) if below_20 else 0
    calm, stretches = observe(samples, step_s)
    header = frame.get("header")
    return FrameDigest(
        frame=int(frame["frame"]),  # JSON's 7.0 is the integer seven too
        insertion=int(frame.get("insertion") or 0),
        cycle=int(frame.get("cycle") or 0),
        phase=phase,
        start=parse_iso(samples.get("started") or frame.get("phase_started") or frame["sent"]),
        seconds=round(count * step_s, 3),
        minimum_tip_c=None if minimum is None else round(float(minimum), 2) + 0.0,
        below_minus_20_s=round(below_20 * step_s, 3),
        below_minus_40_s=round(below_40 * step_s, 3),
        gap_s=round((count - len(tips)) * step_s, 3),
        calm=calm,
        stretches=stretches,
        alarms=_alarms(frame.get("alarms") or ()),
        header=_header(header) if header else None,
    )


def _alarms(raised: Any) -> tuple[Alarm, ...]:
    """Keep the first alarm of each code: one that is repeated every second is still one alarm."""
    first: dict[str, datetime] = {}
    for alarm in raised:
        code = "_".join(alarm["code"].lower().replace("-", " ").split())
        instant = parse_iso(alarm["at"])
        first[code] = min(first.get(code, instant), instant)
    return tuple(Alarm(code, first[code]) for code in sorted(first))


def _header(said: Mapping[str, Any]) -> HeaderPart:
    started, ended, positions = said.get("started"), said.get("ended"), said.get("positions")
    return HeaderPart(
        started=parse_iso(started) if started else None,
        ended=parse_iso(ended) if ended else None,
        device=said.get("device"),
        coolant=said.get("coolant"),
        gauge=said.get("gauge"),
        positions=None if positions is None else int(positions),
    )
