"""What the intake must know of an HL7 v2 message: its header, as bytes, and where the messages of a batch begin.

Nothing is decoded: the answer goes back in the sender's own bytes, and the whole message goes to Kafka untouched.
"""

import re
from dataclasses import dataclass

_BREAK = re.compile(rb"[\r\n]")
_AROUND = b"\x0b\r\n\t \x00"
_BOM = b"\xef\xbb\xbf"
_NAMES = (b"MSH", b"FHS", b"BHS")


@dataclass(frozen=True, slots=True)
class Header:
    """An MSH, BHS or FHS segment. Fields are numbered as HL7 numbers them; absent ones are empty."""

    name: bytes
    fields: tuple[bytes, ...]

    def field(self, number: int) -> bytes:
        """A field as it was written."""
        return self.fields[number] if number < len(self.fields) else b""

    def component(self, number: int, component: int = 1) -> bytes:
        """A component of a field."""
        parts = self.field(number).split(self.component_separator)
        return parts[component - 1].strip() if component <= len(parts) else b""

    @property
    def separator(self) -> bytes:
        """The field separator."""
        return self.fields[1]

    @property
    def component_separator(self) -> bytes:
        """The component separator."""
        return self.fields[2][:1]

    @property
    def sender(self) -> str:
        """``MSH-3|MSH-4``: the sending application and facility, printable."""
        text = b"|".join((self.component(3), self.component(4))).decode("utf-8", "replace")
        return "".join(c for c in text if c.isprintable())[:200]

    @property
    def enhanced(self) -> bool:
        """Whether the sender asks for enhanced acknowledgment: MSH-15 or MSH-16 is valued."""
        return self.name == b"MSH" and bool(self.field(15).strip() or self.field(16).strip())


def read_header(message: bytes) -> Header | None:
    """The header segment; None when the bytes begin with none, or its delimiters can't be used."""
    body = message.lstrip(_AROUND).removeprefix(_BOM).lstrip(_AROUND)
    line = _BREAK.split(body[:65536], maxsplit=1)[0]
    if line[:3] not in _NAMES or len(line) < 6:
        return None
    separator = line[3:4]
    first, *rest = line.split(separator)
    marks = rest[0] if rest else b""
    usable = [separator, *(marks[i : i + 1] for i in range(min(4, len(marks))))]
    if not marks or len(set(usable)) != len(usable) or any(m.isalnum() or not 0x20 < m[0] < 0x7F for m in usable):
        return None
    return Header(first, (first, separator, *rest))


def split_batch(body: bytes) -> tuple[Header | None, list[bytes]]:
    """The batch header, if any, and the messages: each an MSH with the segments up to the next header or trailer."""
    head = read_header(body)
    if head is None:
        return None, []
    pattern = rb"(?:^|(?<=[\r\n]))(MSH|FHS|BHS|FTS|BTS)" + re.escape(head.separator)
    stripped = body.lstrip(_AROUND).removeprefix(_BOM).lstrip(_AROUND)
    marks = [(m.start(), m[1]) for m in re.finditer(pattern, stripped)]
    starts = sum(name == b"MSH" for _, name in marks)
    if head.name == b"MSH" and starts == 1 and len(marks) == 1:
        return None, [body]
    ends = [start for start, _ in marks[1:]] + [len(stripped)]
    messages = [stripped[s:e] for (s, name), e in zip(marks, ends, strict=True) if name == b"MSH"]
    return (None if head.name == b"MSH" else head), messages
