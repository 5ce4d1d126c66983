"""What time it is: the system's clock, or an instant in a file, so that a demonstration can play years in seconds."""

from datetime import UTC, datetime
from pathlib import Path


class Clock:
    """``now()`` in UTC. A missing or half-written clock file leaves the last instant that was read."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._last = datetime.fromtimestamp(0, UTC)
        self._stamp = -1

    def now(self) -> datetime:
        """The instant that counts as now."""
        if self._file is None:
            return datetime.now(UTC)
        try:
            stamp = self._file.stat().st_mtime_ns
            if stamp != self._stamp:
                instant = datetime.fromisoformat(self._file.read_text("ascii").strip())
                if instant.tzinfo is not None:
                    self._last, self._stamp = instant.astimezone(UTC), stamp
        except (OSError, ValueError):
            pass
        return self._last
