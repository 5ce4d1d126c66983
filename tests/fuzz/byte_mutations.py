"""What a line, a disk or a wrong character set does to bytes: nothing here knows what they mean."""

from collections.abc import Callable
from random import Random

Step = Callable[[Random, bytes, bytes], bytes]
LARGEST = 300_000
ODD_BYTES = (
    b"\x00", b"\x0b", b"\x1c\r", b"\r", b"\n", b"\x85", b"\xff", b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3",
    b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80\xa8", b"|", b"^", b"~", b"&", b"\\", b'"', b"{", b"[", b"}", b",",
    b"0", b"-", b"9" * 40, b"\x1b$B", b"+AGE-", b"%s", b"\\u0000", b"\\ud800",
)  # fmt: skip


def mutate_bytes(rng: Random, value: bytes, other: bytes) -> tuple[bytes, str]:
    """One step and its name."""
    step = rng.choice(STEPS)
    return step(rng, value, other)[:LARGEST], step.__name__


def _place(rng: Random, value: bytes) -> int:
    return rng.randint(0, len(value))


def _range(rng: Random, value: bytes) -> tuple[int, int]:
    start = _place(rng, value)
    return start, min(len(value), start + rng.choice((1, 2, 5, 20, 100, len(value))))


def flip_bits(rng: Random, value: bytes, other: bytes) -> bytes:
    changed = bytearray(value)
    for _ in range(rng.choice((1, 1, 2, 8)) if changed else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def set_bytes(rng: Random, value: bytes, other: bytes) -> bytes:
    start, end = _range(rng, value)
    return value[:start] + rng.randbytes(min(end - start, 64)) + value[end:]


def insert_odd(rng: Random, value: bytes, other: bytes) -> bytes:
    at = _place(rng, value)
    return value[:at] + rng.choice(ODD_BYTES) * rng.choice((1, 1, 1, 3, 50)) + value[at:]


def delete_range(rng: Random, value: bytes, other: bytes) -> bytes:
    start, end = _range(rng, value)
    return value[:start] + value[end:]


def repeat_range(rng: Random, value: bytes, other: bytes) -> bytes:
    start, end = _range(rng, value)
    times = min(rng.choice((2, 3, 1000)), max(2, LARGEST // max(1, end - start)))
    return value[:start] + value[start:end] * times + value[end:]


def truncate(rng: Random, value: bytes, other: bytes) -> bytes:
    return value[: _place(rng, value)]


def cut_head(rng: Random, value: bytes, other: bytes) -> bytes:
    return value[_place(rng, value) :]


def splice(rng: Random, value: bytes, other: bytes) -> bytes:
    return value[: _place(rng, value)] + other[_place(rng, other) :]


def append_other(rng: Random, value: bytes, other: bytes) -> bytes:
    return value + rng.choice((b"", b"\r", b"\n", b"\x1c\r\x0b")) + other


def nothing_left(rng: Random, value: bytes, other: bytes) -> bytes:
    return rng.choice((b"", b"\x00", b" ", b"\r\n", b"null", b"MSH", b"MSH|", b"{}", b"\xef\xbb\xbf"))


STEPS: tuple[Step, ...] = (
    flip_bits, flip_bits, set_bytes, insert_odd, insert_odd, delete_range, delete_range, repeat_range, truncate,
    cut_head, splice, append_other, nothing_left,
)  # fmt: skip
