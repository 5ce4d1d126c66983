"""Restraint in recording refusals: who knocks a million times must not fill the disk with a million records.

So many refusals a minute are recorded one by one, for each address and in all; the others are counted, and the next
record that is made, or the next quiet minute, says how many there were.
"""

import threading
import time
from collections.abc import Callable

PER_ADDRESS, IN_ALL = 5, 20
MINUTE = 60.0


class Restraint:
    """Decides which refusals are recorded. Threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._started = clock()
        self._all = 0
        self._by_address: dict[str, int] = {}  # no more than IN_ALL of them
        self._unrecorded = 0

    def admit(self, address: str) -> int | None:
        """How many went unrecorded before this one, which is to be recorded; None when it isn't."""
        with self._lock:
            self._turn()
            mine = self._by_address.get(address, 0)
            if mine >= PER_ADDRESS or self._all >= IN_ALL:
                self._unrecorded += 1
                return None
            self._all += 1
            self._by_address[address] = mine + 1
            return self._take()

    def owed(self) -> int:
        """How many refusals of minutes that are over went unrecorded; asked for again, none."""
        with self._lock:
            return self._take() if self._turn() else 0

    def _turn(self) -> bool:
        if self._clock() - self._started < MINUTE:
            return False
        self._started, self._all = self._clock(), 0
        self._by_address.clear()
        return True

    def _take(self) -> int:
        taken, self._unrecorded = self._unrecorded, 0
        return taken
