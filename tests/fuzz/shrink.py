"""The smallest input that still breaks the same promise, found by cutting and blanking; deterministic."""

from collections.abc import Callable

MOST_TRIES = 3000


def shrink(value: bytes, breaks: Callable[[bytes], bool]) -> bytes:
    """Cut ever smaller pieces out as long as ``breaks`` holds; at most :data:`MOST_TRIES` tries."""
    tries, size = 0, max(1, len(value) // 2)
    while size and tries < MOST_TRIES:
        at, smaller = 0, False
        while at < len(value) and tries < MOST_TRIES:
            without = value[:at] + value[at + size :]
            tries += 1
            if breaks(without):
                value, smaller = without, True
            else:
                at += size
        if not smaller or size > 1:
            size = size // 2
    return value
