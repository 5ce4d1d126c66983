"""Segments, fields, repetitions, components and escapes of one ER7 message.

Written for speed and for the odd messages of real feeds (five-character MSH-2, missing escape character, line breaks
inside a field); the tests compare it with python-hl7 on the messages that the library can read.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.report_normalizer.reasons import InvalidCode, Rejected

_LINE = re.compile(r"\r\n|\r|\n")
_BREAKS = re.compile(r"\.(?:br|sp|ce)([+ ]?\d{0,3})$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Delimiters:
    """MSH-1 and MSH-2. ``escape`` may be empty."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment. Fields are numbered as HL7 numbers them: ``fields[3]`` is PID-3 (and MSH-3)."""

    name: str
    fields: tuple[str, ...]
    delimiters: Delimiters

    def raw(self, number: int) -> str:
        """A field as it was written."""
        return self.fields[number] if number < len(self.fields) else ""

    def repetitions(self, number: int) -> list[str]:
        """A field's repetitions as they were written; none for an empty field."""
        raw = self.raw(number)
        return raw.split(self.delimiters.repetition) if raw else []

    def value(self, number: int, component: int = 1) -> str:
        """A component of the first repetition, unescaped and trimmed; empty for HL7's null (two quotes)."""
        found = self.repetitions(number)
        return self.part(found[0], component) if found else ""

    def part(self, repetition: str, component: int = 1, subcomponent: int = 1) -> str:
        """A component of a repetition, unescaped and trimmed."""
        d = self.delimiters
        parts = repetition.split(d.component)
        if component > len(parts):
            return ""
        subparts = parts[component - 1].split(d.subcomponent)
        text = subparts[subcomponent - 1] if subcomponent <= len(subparts) else ""
        return "" if text == '""' else " ".join(unescape(text, d).split())

    def is_null(self, number: int) -> bool:
        """Whether the field says plainly that the value is to be deleted."""
        return self.raw(number) == '""'


@dataclass(frozen=True, slots=True)
class Message:
    """A parsed message; ``segments[0]`` is its MSH."""

    segments: tuple[Segment, ...]

    @property
    def header(self) -> Segment:
        """The MSH segment."""
        return self.segments[0]

    @property
    def type(self) -> tuple[str, str]:
        """MSH-9: message code and trigger event (EVN-1 where MSH-9 has none)."""
        code, trigger = self.header.value(9).upper(), self.header.value(9, 2).upper()
        if not trigger:
            event = self.first("EVN")
            trigger = event.value(1).upper() if event else ""
        return code, trigger

    def first(self, name: str) -> Segment | None:
        """The first segment of that name."""
        return next((s for s in self.segments if s.name == name), None)

    def all(self, name: str) -> Iterator[Segment]:
        """Every segment of that name, in order."""
        return (s for s in self.segments if s.name == name)


def parse(text: str, on_continuation: Callable[[], None]) -> Message:
    """Parse decoded text that begins with a header segment; Rejected when its delimiters can't be used.

    A line that begins with no segment name continues the segment before it: a line break that should have been escaped.
    """
    delimiters = _delimiters(text)
    start = re.compile(r"[A-Z][A-Z0-9]{2}" + re.escape(delimiters.field))
    lines: list[str] = []
    for line in _LINE.split(text):
        if start.match(line) or not lines:
            lines.append(line)
        elif line.strip() or lines[-1].startswith(("OBX", "NTE")):
            lines[-1] += "\n" + line
    segments = []
    for line in lines:
        stripped = line.rstrip("\n")
        if "\n" in stripped:
            on_continuation()
        segments.append(_segment(stripped, delimiters))
    return Message(tuple(segments))


def unescape(text: str, d: Delimiters) -> str:
    """Replace HL7 escape sequences. Formatting commands become line breaks or spaces, highlighting vanishes."""
    if not d.escape or d.escape not in text:
        return text
    pieces = text.split(d.escape)
    result = [pieces[0]]
    position = 1
    while position < len(pieces):
        replaced = _sequence(pieces[position], d) if position + 1 < len(pieces) else None
        if replaced is None:
            result += [d.escape, pieces[position]]
            position += 1
        else:
            result += [replaced, pieces[position + 1]]
            position += 2
    return "".join(result)


def _delimiters(text: str) -> Delimiters:
    if len(text) < 8:
        raise Rejected(InvalidCode.NOT_HL7, "MSH")
    field = text[3]
    marks = text[4:].split(field, 1)[0]
    component, repetition, escape, subcomponent = (marks[i] if i < len(marks) else "" for i in range(4))
    found = Delimiters(field, component or "^", repetition or "~", escape, subcomponent or "&")
    used = [d for d in (field, found.component, found.repetition, escape, found.subcomponent) if d]
    if len(set(used)) != len(used) or any(d.isalnum() or d.isspace() or not d.isprintable() for d in used):
        raise Rejected(InvalidCode.BAD_DELIMITERS, "MSH-2")
    return found


def _segment(line: str, d: Delimiters) -> Segment:
    fields = line.split(d.field)
    name = fields[0].strip()
    if name in ("MSH", "FHS", "BHS"):
        fields = [name, d.field, *fields[1:]]
    return Segment(name, tuple(fields), d)


def _sequence(code: str, d: Delimiters) -> str | None:
    """What an escape sequence stands for; None when it is none, so that a lone escape character stays."""
    simple = {"F": d.field, "S": d.component, "T": d.subcomponent, "R": d.repetition, "E": d.escape, "P": "#"}
    if code in simple:
        return simple[code]
    if code in ("H", "N", ".fi", ".nf"):
        return ""
    spaces = _BREAKS.match(code)
    if spaces:
        count = spaces[1].strip("+ ")
        return "\n" * min(int(count) if count else 1, 20) or "\n"
    if re.fullmatch(r"\.(?:in|ti)[+-]?\d*", code):
        return ""
    if re.fullmatch(r"\.sk[+ ]?\d*", code):
        return " "
    if re.fullmatch(r"X(?:[0-9A-Fa-f]{2})+", code):
        return _hexadecimal(code[1:])
    if re.fullmatch(r"[CMZ][0-9A-Za-z]*", code):
        return ""
    return None


def _hexadecimal(digits: str) -> str:
    r"""``\X0D0A\`` and the like: line breaks, tabs and printable characters; other control characters vanish."""
    data = bytes.fromhex(digits)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c in "\n\t" or c.isprintable())
