"""What a frame has to be beyond its schema, so that nothing kept can break a sum, a date or a row."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.clinical.moments import parse_iso
from services.runtime.outcomes import Invalid
from services.telemetry_reducer.reasons import Reason

LONGEST_NAME = 128
LONGEST_FRAME_S = 600
LIMITS = {"frame": 100_000, "insertion": 99, "cycle": 99}
YEARS = range(2000, 2100)


def defect(frame: Mapping[str, Any]) -> Invalid | None:
    """Find the first thing that is wrong with a frame that fits the schema; None when it can be used."""
    return next(_defects(frame), None)


def _defects(frame: Mapping[str, Any]) -> Iterator[Invalid]:
    for where, name in _names(frame):
        if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
            yield Invalid(Reason.NAME, where)
    for field, highest in LIMITS.items():
        if not 0 <= (frame.get(field) or 0) <= highest:
            yield Invalid(Reason.NUMBER, f"/{field}")
    for where, time in _times(frame):
        if not _usable(time):
            yield Invalid(Reason.TIME, where)
    samples = frame.get("samples") or {}
    step = samples.get("step_s")
    if step is not None and not 0 < step <= LONGEST_FRAME_S:
        yield Invalid(Reason.NUMBER, "/samples/step_s")
    elif any(len(v) * (step or 1) > LONGEST_FRAME_S for v in samples.values() if isinstance(v, list)):
        yield Invalid(Reason.TOO_LONG, "/samples")


def _names(frame: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field in ("site", "console", "accession"):
        yield f"/{field}", frame[field]
    header = frame.get("header") or {}
    for field in ("device", "coolant", "gauge"):
        if header.get(field) is not None:
            yield f"/header/{field}", header[field]
    for index, alarm in enumerate(frame.get("alarms") or ()):
        yield f"/alarms/{index}/code", alarm["code"]


def _times(frame: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    yield "/sent", frame["sent"]
    yield "/phase_started", frame.get("phase_started")
    yield "/samples/started", (frame.get("samples") or {}).get("started")
    header = frame.get("header") or {}
    yield "/header/started", header.get("started")
    yield "/header/ended", header.get("ended")
    for index, alarm in enumerate(frame.get("alarms") or ()):
        yield f"/alarms/{index}/at", alarm["at"]


def _usable(time: str | None) -> bool:
    if time is None:
        return True
    try:
        return parse_iso(time).year in YEARS
    except (ValueError, OverflowError):
        return False
