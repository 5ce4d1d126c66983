"""MLLP frames out of a byte stream: 0x0B, content, 0x1C 0x0D. Pure, in any split into packets.

A second 0x0B before MSH begins anew: the sender lost its place. 0x1C alone ends a frame, since content can't hold it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

START, END = 0x0B, 0x1C
_HEAD = 4096
_AGAIN = re.compile(rb"\x0b(?=\x0b*(?:\xef\xbb\xbf)?(?:MSH|FHS|BHS))")


class Whole(StrEnum):
    """Whether a frame holds all that was sent."""

    COMPLETE = "complete"
    TOO_LONG = "too_long"
    NO_ROOM = "no_room"
    CUT_OFF = "cut_off"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame's content; only its first bytes when it isn't complete."""

    content: bytes
    whole: Whole = Whole.COMPLETE


class Framer:
    """Cuts one connection's bytes into frames. ``room(n)`` asks to hold n more bytes, negative to give back."""

    def __init__(self, longest: int, room: Callable[[int], bool] = lambda _: True) -> None:
        self._longest = longest
        self._room = room
        self._buffer = bytearray()
        self._inside = False
        self._dropping: Whole | None = None
        self.stray = 0
        self.stray_in_all = 0

    @property
    def inside(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._inside

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that these bytes complete.

        Bytes outside frames are dropped and counted: ``stray`` since the last frame began, ``stray_in_all``.
        """
        position = 0
        while position < len(data):
            if not self._inside:
                start = data.find(START, position)
                outside = data[position : start if start >= 0 else len(data)]
                junk = len(outside.strip(b"\r\n\x1c"))
                self.stray += junk
                self.stray_in_all += junk
                if start < 0:
                    return
                self._inside, self.stray, position = True, 0, start + 1
                continue
            end = data.find(END, position)
            self._take(data[position : end if end >= 0 else len(data)])
            if end < 0:
                return
            position = end + 1
            yield from self._finish()

    def rest(self) -> Frame | None:
        """What is left when the stream ends inside a frame."""
        if not self._inside or not self._buffer.strip(b"\x0b"):
            self._clear()
            return None
        frame = Frame(bytes(self._buffer[:_HEAD]).lstrip(b"\x0b"), Whole.CUT_OFF)
        self._clear()
        return frame

    def _take(self, piece: bytes) -> None:
        if self._dropping:
            return
        too_long = len(self._buffer) + len(piece) > self._longest
        if too_long or not self._room(len(piece)):
            self._dropping = Whole.TOO_LONG if too_long else Whole.NO_ROOM
            head = bytes((self._buffer + piece)[:_HEAD])
            self._room(-len(self._buffer))
            self._buffer = bytearray(head)
            return
        self._buffer += piece

    def _finish(self) -> Iterator[Frame]:
        content = bytes(self._buffer)
        dropping = self._dropping
        self._clear()
        *lost, last = _split_again(content)
        for part in lost:
            yield Frame(part[:_HEAD], Whole.CUT_OFF)
        yield Frame(last, dropping or Whole.COMPLETE)

    def _clear(self) -> None:
        if not self._dropping:
            self._room(-len(self._buffer))
        self._buffer.clear()
        self._inside = False
        self._dropping = None


def _split_again(content: bytes) -> list[bytes]:
    parts = [part.lstrip(b"\x0b") for part in _AGAIN.split(content)]
    return [part for part in parts[:-1] if part.strip()] + [parts[-1]]
