"""A report's text in one form, whatever carried it: lines ended by newlines, sections with headings."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_UNWANTED = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Headings:
    """The table ``headings.toml``, compiled."""

    addendum: re.Pattern[str]
    body: re.Pattern[str]
    impression: re.Pattern[str]
    any: re.Pattern[str]
    sections: dict[str, str]
    words: dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Line:
    """A line with the section that its code names, where it names one."""

    text: str
    section: str | None = None


@cache
def headings() -> Headings:
    """The table that comes with the package."""
    data = tomllib.loads(files(__package__).joinpath("headings.toml").read_text("utf-8"))
    adding = "|".join(map(re.escape, data["addendum"]))
    heading = _heading(data["addendum_heading"]).pattern
    every = [*data["addendum"], *data["addendum_heading"], *data["body"], *data["impression"], *data["other"]]
    return Headings(
        addendum=re.compile(rf"\s*[^\w\s]*\s*(?:{adding})\b|{heading}", re.IGNORECASE | re.MULTILINE),
        body=_heading(data["body"]),
        impression=_heading(data["impression"]),
        any=_heading(every),
        sections=data["section"],
        words=data["heading"],
    )


def normalize(text: str) -> str:
    """Newline-ended lines without trailing blanks, blank lines around the text, and characters that are no text."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n").replace("\xa0", " ")
    lines = [line.rstrip() for line in unicodedata.normalize("NFC", _UNWANTED.sub("", text)).split("\n")]
    while lines and not lines[0]:
        del lines[0]
    while lines and not lines[-1]:
        del lines[-1]
    return "\n".join(lines) + "\n" if lines else ""


def compose(lines: Iterable[Line], language: str | None) -> str:
    """Text from coded lines: a heading where a coded section begins that brings none of its own."""
    table = headings()
    words = table.words.get(language or "en", table.words["en"])
    written: list[str] = []
    section: str | None = None
    for line in lines:
        begins = line.section is not None and line.section != section and line.text.strip()
        if begins and line.section in words and not table.any.match(line.text):
            written.append(words[line.section])
        if begins:
            section = line.section
        written.append(line.text)
    return normalize("\n".join(written))


def with_conclusion(text: str, conclusion: str, language: str | None) -> str:
    """A report's text with a conclusion that came apart from it: below, where the text has none of its own."""
    table = headings()
    if not conclusion or table.addendum.match(text) or _letters(conclusion) in _letters(text):
        return text
    if text and any(table.impression.match(line) for line in text.split("\n")):
        return text
    if any(table.any.match(line) for line in conclusion.split("\n")):
        return normalize(text + conclusion)
    return compose([*(Line(line) for line in text.split("\n")), Line(conclusion, "impression")], language)


def adds_only(text: str) -> bool:
    """Whether the text begins with an addendum heading and doesn't repeat a report's body."""
    table = headings()
    if not table.addendum.match(text):
        return False
    return not any(table.body.match(line) for line in text.split("\n")[1:])


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _heading(words: list[str]) -> re.Pattern[str]:
    """A heading: one of the words at a line's beginning, then a colon or the line's end."""
    options = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    pattern = rf"\s*(?:\d+[.)]\s*)?[*#=\-]*\s*(?:{options})(?:\s+\d+)?\s*(?::|[*=\-]*\s*$)"
    return re.compile(pattern, re.IGNORECASE | re.MULTILINE)
