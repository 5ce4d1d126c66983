"""Folding text for matching without moving a single character.

Case, accents, typographic quotes and the line breaks of HL7 are made uniform one character for
one character (an escape sequence becomes blanks), so that an offset in the folded text is the same
offset in the report.
"""

from __future__ import annotations

import re
import unicodedata


def _letters() -> dict[int, int]:
    table: dict[int, int] = {}
    for code in [*range(0xC0, 0x250), *range(0x1E00, 0x1F00)]:
        base = unicodedata.normalize("NFD", chr(code))[0].lower()
        if len(base) == 1 and "a" <= base <= "z":
            table[code] = ord(base)
    for code in range(ord("A"), ord("Z") + 1):
        table[code] = code + 32
    table |= dict.fromkeys(map(ord, "‘’`´ʼ"), ord("'"))
    table |= dict.fromkeys(map(ord, "‐‑‒–—−"), ord("-"))
    table |= dict.fromkeys(map(ord, "“”«»"), ord('"'))
    table |= dict.fromkeys(map(ord, "\t\v\f\u00a0\u2009\u202f\u200b"), ord(" "))
    table |= {ord("×"): ord("x"), ord("\u2028"): ord("\n"), ord("\u2029"): ord("\n")}
    return table


_LETTERS = _letters()
_CARRIAGE = re.compile(r"\r\n?")
_BREAK = re.compile(r"\\\.(?:br|sp\d*|in\d*|ti\d*|ce)\\|\\X0[DA](?:0A)?\\", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:[HNFSTRE]|X[0-9A-Fa-f]{2,8}|\.[a-z]{2}[-+]?\d*)\\")
# HL7 separates repetitions with a tilde; a radiologist writes it for "about".
_TILDE = re.compile(r"~(?!\s?\d+(?:[.,]\d+)?\s?(?:x\s?\d|mm|cm|ml|cc|%|hu))", re.IGNORECASE)


def break_lines(text: str) -> str:
    """The report with every kind of line break as a newline; the same length as `text`."""
    if "\r" in text:
        text = _CARRIAGE.sub(lambda m: "\n" if len(m[0]) == 1 else " \n", text)
    if "\\" in text:
        text = _BREAK.sub(lambda m: " " * (len(m[0]) - 1) + "\n", text)
        text = _ESCAPE.sub(lambda m: " " * len(m[0]), text)
    if "~" in text:
        text = _TILDE.sub("\n", text)
    return text


def fold(text: str) -> str:
    """Lower case, no accents, plain punctuation; the same length as `text`."""
    return text.translate(_LETTERS)
