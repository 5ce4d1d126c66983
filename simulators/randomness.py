"""Random choices that depend only on a seed and on what they are for.

Every decision draws from a stream of its own, so that a new decision somewhere doesn't change all the others.
"""

import random
import zlib


def stream(*names: object) -> random.Random:
    """A random stream named by the given words; the same words give the same stream in every process."""
    return random.Random("/".join(str(name) for name in names))


def digits(count: int, *names: object) -> str:
    """A fixed number of digits that depends only on the given words."""
    return f"{zlib.crc32('/'.join(str(name) for name in names).encode()) % 10**count:0{count}d}"
