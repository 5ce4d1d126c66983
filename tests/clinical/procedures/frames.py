"""Console frames for tests: a test says only what matters to it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from services.clinical.procedures.frame import FrameDigest, digest_frame

START = datetime(2024, 3, 5, 9, 0, tzinfo=UTC)
STEP_S = 5.0
SAMPLES = 12


def frame(
    number: int = 1,
    phase: str = "freeze",
    *,
    tip: float | Sequence[float | None] = -150.0,
    insertion: int = 1,
    cycle: int = 1,
    step_s: float = STEP_S,
    header: dict[str, Any] | None = None,
    alarms: tuple[dict[str, str], ...] = (),
    **channels: Sequence[float | None],
) -> dict[str, Any]:
    """A frame of a minute, the ``number``-th minute of the procedure."""
    started = instant(number)
    samples: dict[str, Any] = {
        "started": started,
        "step_s": step_s,
        "tip_c": [tip] * SAMPLES if isinstance(tip, int | float) else list(tip),
        **channels,
    }
    made: dict[str, Any] = {
        "schema": "procedure-telemetry.v1",
        "site": "IEO",
        "console": "IS3-07",
        "accession": "A-100",
        "frame": number,
        "sent": instant(number + 1),
        "insertion": insertion,
        "cycle": cycle,
        "phase": phase,
        "phase_started": started,
        "samples": samples,
        "alarms": list(alarms),
    }
    return made | ({"header": header} if header else {})


def instant(number: int, seconds: float = 0) -> str:
    """The beginning of the ``number``-th minute as the console writes it."""
    return moment(number, seconds).isoformat().replace("+00:00", "Z")


def moment(number: int, seconds: float = 0) -> datetime:
    """The beginning of the ``number``-th minute."""
    return START + timedelta(minutes=number - 1, seconds=seconds)


def digests(*frames: dict[str, Any]) -> list[FrameDigest]:
    """The digests of frames."""
    return [digest_frame(one) for one in frames]
