"""A small disk under a server's data, to be filled and emptied while the server runs.

Where this process may mount, the folder is a tmpfs of a fixed size and a ballast file takes what is left of it, so that
the server meets ENOSPC itself. Where it may not (a CI runner without privileges), the server's processes are forbidden
to grow any file (RLIMIT_FSIZE), which fails their writes in the same places with EFBIG.
"""

import os
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

_FILE_LIMIT = 16 * 1024
_COMPLAINTS = (
    b"No space left on device",
    b"File too large",
    b"a fault occurred in an unsafe memory access operation",  # Java, when a file that it has mapped can't grow
)


class SmallDisk:
    """A disk of so many MB under ``folder``, for the server whose process id ``pid`` gives and that writes ``log``."""

    def __init__(self, folder: Path, megabytes: int, pid: Callable[[], int], log: Path) -> None:
        self.folder, self._megabytes, self._pid, self._log = folder, megabytes, pid, log
        self._logged = 0
        self._ballast = folder / ".ballast"
        self.mounted = False

    def __enter__(self) -> "SmallDisk":
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.environ.get("CRYOWATCH_CHAOS_DISK") != "limit":
            options = f"size={self._megabytes}m,mode=0700"
            command = ["mount", "-t", "tmpfs", "-o", options, "cryowatch-chaos", str(self.folder)]
            try:
                self.mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
            except OSError:
                self.mounted = False
        return self

    def __exit__(self, *_: object) -> None:
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.folder)], capture_output=True, check=False)

    def fill(self) -> None:
        """Leave no room."""
        self._logged = self._log.stat().st_size
        if not self.mounted:
            self._limit(_FILE_LIMIT)
            return
        with self._ballast.open("wb") as file:
            size = 0
            for piece in (2**24, 2**20, 2**16, 2**12):
                try:
                    while True:
                        os.posix_fallocate(file.fileno(), size, piece)
                        size += piece
                except OSError:
                    continue

    def free(self) -> None:
        """Give the room back."""
        if self.mounted:
            self._ballast.unlink(missing_ok=True)
        else:
            self._limit(resource.RLIM_INFINITY)

    @property
    def met(self) -> bool:
        """Whether the server has complained of a full disk since it was filled last."""
        with self._log.open("rb") as log:
            log.seek(self._logged)
            said = log.read()
        return any(words in said for words in _COMPLAINTS)

    def _limit(self, size: int) -> None:
        for pid in _family(self._pid()):
            try:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            except (ProcessLookupError, PermissionError):
                continue


def _family(pid: int) -> list[int]:
    """A process and all that descend from it; none for 0."""
    if not pid:
        return []
    found = [pid]
    for one in found:
        try:
            children = Path(f"/proc/{one}/task/{one}/children").read_text().split()
        except OSError:
            continue
        found += [int(child) for child in children]
    return found
