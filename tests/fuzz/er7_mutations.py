"""What senders of HL7 v2 get wrong: segments, fields, delimiters, escapes, character sets, batches."""

import re
from collections.abc import Callable
from random import Random

from tests.fuzz.byte_mutations import LARGEST
from tests.fuzz.oddities import NOT_NUMBERS, NUMBERS, TEXTS, TIMES

Step = Callable[[Random, list[str], list[str]], list[str]]
CHARSETS = (
    "UNICODE UTF-8", "UNICODE UTF-16", "UNICODE UTF-32", "8859/1", "8859/12", "8859/15", "8859/99", "ASCII",
    "ISO IR14",
    "ISO IR87", "ISO IR159", "GB 18030-2000", "KS X 1001", "BIG-5", "CNS 11643-1992", "windows-1252", "cp500",
    "utf-7",
    "utf-16", "utf_32_be", "shift_jis", "hz", "iso2022_kr", "rot13", "base64", "hex", "zlib", "bz2", "quopri", "uu",
    "idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem", "charmap", "ascii\x00",
    "UNICODE UTF-8~ISO IR87", "é", " ", "\\", "a" * 300, "../x", "string_escape", "palmos", "mac_roman", "utf-8-sig",
)  # fmt: skip
ESCAPES = (
    "\\F\\", "\\S\\", "\\T\\", "\\R\\", "\\E\\", "\\P\\", "\\H\\bold\\N\\", "\\.br\\", "\\.sp\\", "\\.sp+3\\",
    "\\.sp999999\\", "\\.sp9999999999\\", "\\.in+99\\", "\\.ti-4\\", "\\.sk 5\\", "\\.ce\\", "\\X00\\", "\\X0D0A\\",
    "\\X41\\", "\\XFFFE\\", "\\XC3\\", "\\X4\\", "\\XZZ\\", "\\XEDA080\\", "\\C2842\\", "\\M2442\\",
    "\\Zabc\\", "\\", "\\\\",
    "\\\\\\", "\\E", "\\.br", "\\" * 101, "\\.br\\" * 2000,
)  # fmt: skip
MARKS = (
    "^~\\&", "^~\\&#", "^~\\", "^~", "^", "", "&~\\^", "^^\\&", "|~\\&", "^~&\\", "    ", "^~\\&^~\\&", "abcd",
    "\x00~\\&",
    "^~\\é", "^~\x7f&", "·¦¬°", "^~\\& ",
)  # fmt: skip
SEGMENTS = (
    "PID",
    "PV1",
    "ORC",
    "OBR",
    "OBX",
    "NTE",
    "MRG",
    "EVN",
    "TXA",
    "ZZZ",
    "MSH",
    "BHS",
    "FHS",
    "BTS",
    "FTS",
    "msh",
    "",
)
KINDS = (
    "ORU^R01^ORU_R01", "ORM^O01", "OMI^O23", "OMG^O19", "MDM^T02", "MDM^T11", "ADT^A01", "ADT^A03", "ADT^A08",
    "ADT^A40",
    "ADT^A37", "ADT^A18", "ADT", "ADT^^ADT_A01", "SIU^S12", "oru^r01", "ORU&R01", '""', "ORU^R01~ADT^A01", "^R01",
)  # fmt: skip


def mutate_er7(rng: Random, value: bytes, other: bytes) -> tuple[bytes, str]:
    """One step and its name."""
    if rng.random() < 0.2:
        whole = rng.choice(WHOLE)
        return whole(rng, value, other)[:LARGEST], whole.__name__
    step = rng.choice(STEPS)
    end = next((mark for mark in ("\r\n", "\r", "\n") if mark.encode() in value), "\r")
    text = end.join(step(rng, _lines(value), _lines(other)))
    return text[:LARGEST].encode("latin-1", "replace"), step.__name__


def _lines(value: bytes) -> list[str]:
    """Latin-1 keeps every byte as one character, whatever the character set is."""
    return re.split(r"\r\n|\r|\n", value.decode("latin-1"))


def _said(text: str) -> str:
    """Text whose UTF-8 bytes survive the way through Latin-1."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def _odd(rng: Random) -> str:
    pools = (TEXTS, TIMES, NUMBERS, NOT_NUMBERS, ESCAPES, KINDS)
    return _said(rng.choice(rng.choice(pools)))


def _one(rng: Random, lines: list[str]) -> int:
    return rng.randrange(len(lines))


def _with_field(rng: Random, lines: list[str], change: Callable[[list[str], int], None]) -> list[str]:
    number = _one(rng, lines)
    fields = lines[number].split("|")
    change(fields, rng.randrange(len(fields)))
    return [*lines[:number], "|".join(fields), *lines[number + 1 :]]


def set_field(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    return _with_field(rng, lines, lambda fields, at: fields.__setitem__(at, _odd(rng)))


def set_component(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    def change(fields: list[str], at: int) -> None:
        mark = rng.choice("^^^~&")
        parts = fields[at].split(mark)
        parts[rng.randrange(len(parts))] = _odd(rng)
        fields[at] = mark.join(parts)

    return _with_field(rng, lines, change)


def insert_odd_in_field(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    def change(fields: list[str], at: int) -> None:
        where = rng.randint(0, len(fields[at]))
        fields[at] = fields[at][:where] + _odd(rng) + fields[at][where:]

    return _with_field(rng, lines, change)


def empty_field(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    return _with_field(rng, lines, lambda fields, at: fields.__setitem__(at, rng.choice(("", '""', " "))))


def delete_field(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    return _with_field(rng, lines, lambda fields, at: fields.__delitem__(at))


def shift_fields(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    return _with_field(rng, lines, lambda fields, at: fields.insert(at, rng.choice(("", "x", *fields))))


def swap_fields(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    def change(fields: list[str], at: int) -> None:
        to = rng.randrange(len(fields))
        fields[at], fields[to] = fields[to], fields[at]

    return _with_field(rng, lines, change)


def cut_fields(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    return _with_field(rng, lines, lambda fields, at: fields.__delitem__(slice(at, None)))


def many_fields(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    number = _one(rng, lines)
    return [*lines[:number], lines[number] + rng.choice("|^~&\\") * rng.choice((30, 3000)), *lines[number + 1 :]]


def repeat_field(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    return _with_field(
        rng, lines, lambda fields, at: fields.__setitem__(at, "~".join([fields[at]] * rng.choice((2, 3, 500))))
    )


def huge_field(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    filler = rng.choice(("9", "A", "é", " ", "no pneumothorax. ", "left ", "\\X41\\", "-", "(", "1.2 "))
    return _with_field(rng, lines, lambda fields, at: fields.__setitem__(at, _said(filler) * rng.choice((200, 9000))))


def odd_time(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    number = _one(rng, lines)
    found = list(re.finditer(r"\d{4,}[\d.]*(?:[+-]\d{4})?", lines[number]))
    if not found:
        return lines
    spot = rng.choice(found)
    line = lines[number][: spot.start()] + _said(rng.choice(TIMES)) + lines[number][spot.end() :]
    return [*lines[:number], line, *lines[number + 1 :]]


def delete_segment(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    number = _one(rng, lines)
    return [*lines[:number], *lines[number + 1 :]] or [""]


def repeat_segment(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    number = _one(rng, lines)
    return [*lines[:number], *[lines[number]] * rng.choice((2, 2, 3, 300)), *lines[number + 1 :]]


def reorder_segments(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    tail = lines[1:]
    rng.shuffle(tail)
    return [lines[0], *tail]


def rename_segment(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    number = _one(rng, lines)
    return [*lines[:number], rng.choice(SEGMENTS) + lines[number][3:], *lines[number + 1 :]]


def foreign_segment(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    at = rng.randint(0, len(lines))
    return [*lines[:at], rng.choice(other), *lines[at:]]


def break_segment(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    number = _one(rng, lines)
    where = rng.randint(0, len(lines[number]))
    return [*lines[:number], lines[number][:where], lines[number][where:], *lines[number + 1 :]]


def odd_marks(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    fields = lines[0].split("|")
    if len(fields) > 1:
        fields[1] = _said(rng.choice(MARKS))
    return ["|".join(fields), *lines[1:]]


def other_delimiters(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    """The whole message in other delimiters: valid when they differ and print, refused otherwise."""
    marks = rng.sample("|^~\\&#$@!*+;:,/=%'\x01\x1f", 5) if rng.random() < 0.7 else list("|^~\\&")
    return [line.translate(str.maketrans("|^~\\&", "".join(marks))) for line in lines]


def odd_charset(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    fields = lines[0].split("|")
    fields += [""] * (18 - len(fields))
    fields[17] = _said(rng.choice(CHARSETS))
    return ["|".join(fields), *lines[1:]]


def odd_kind(rng: Random, lines: list[str], other: list[str]) -> list[str]:
    fields = lines[0].split("|")
    fields += [""] * (9 - len(fields))
    fields[8] = rng.choice(KINDS)
    return ["|".join(fields), *lines[1:]]


def encode_anew(rng: Random, value: bytes, other: bytes) -> bytes:
    codec = rng.choice(("utf-16", "utf-16-le", "utf-32", "cp500", "utf-7", "shift_jis", "utf-8-sig", "cp1252", "utf-8"))
    return value.decode("latin-1").encode(codec, "replace")


def other_line_ends(rng: Random, value: bytes, other: bytes) -> bytes:
    return re.sub(rb"\r\n|\r|\n", rng.choice((b"\r", b"\n", b"\r\n", b"\n\r", b"\r\r", b"\x0b", b"\x85", b"")), value)


def in_frames(rng: Random, value: bytes, other: bytes) -> bytes:
    return (
        rng.choice((b"\x0b", b"\x0b\x0b", b"\xef\xbb\xbf\x0b", b"\x00")) + value + rng.choice((b"\x1c\r", b"\x1c", b""))
    )


def in_batch(rng: Random, value: bytes, other: bytes) -> bytes:
    head = rng.choice(
        (b"BHS|^~\\&|A|B\r", b"FHS|^~\\&\rBHS|^~\\&\r", b"BHS|\r", b"FHS|^^\\&\r", b"BHS|^~\\&" + b"|x" * 300 + b"\r")
    )
    tail = rng.choice((b"BTS|2\rFTS|1\r", b"BTS\r", b"", b"FTS|\rBHS|^~\\&\r"))
    return head + value.rstrip() + b"\r" + other.rstrip() + b"\r" + tail


WHOLE: tuple[Callable[[Random, bytes, bytes], bytes], ...] = (encode_anew, other_line_ends, in_frames, in_batch)
STEPS: tuple[Step, ...] = (
    set_field, set_field, set_component, set_component, insert_odd_in_field, empty_field, empty_field, delete_field,
    shift_fields, swap_fields, cut_fields, many_fields, repeat_field, huge_field, odd_time, odd_time, delete_segment,
    delete_segment, repeat_segment, reorder_segments, rename_segment, foreign_segment, foreign_segment, break_segment,
    odd_marks, other_delimiters, odd_charset, odd_charset, odd_kind,
)  # fmt: skip
