"""The tables of one language, loaded and compiled.

Every row says: the patterns it matches, what they mean, why, and an example that is also its test.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from services.clinical.reading.matcher import Matcher, Rows
from services.clinical.reading.model import Assertion, Change, Severity, Side
from services.clinical.reading.slips import slips

LANGUAGES = ("en", "it")
SINCE, BASELINE, KNOWN = "since_procedure", "against_baseline", "known_before"
"""Qualifiers that place a finding in time: seen since the procedure began, compared with before it, there before it."""
TABLES = ("terms", "cues", "scope", "attributes", "anatomy", "sections", "language")


@dataclass(frozen=True, slots=True)
class Term:
    """A word for something in the vocabulary.

    `assertion` is what the word says by itself (a clear costophrenic angle denies an effusion). `near`
    lists findings of which one must be in the same sentence. `code` means: in capitals only.
    """

    finding: str
    kind: str
    assertion: Assertion | None
    site: str | None
    side: Side | None
    severity: Severity | None
    change: Change | None
    qualifiers: tuple[str, ...]
    narrow: bool
    code: bool
    near: frozenset[str]


@dataclass(frozen=True, slots=True)
class Cue:
    """A word that changes what is said of the terms after it (`before`) or before it (`after`).

    `reach` is phrase (the next term only, a few words), clause, or sentence (over clause ends).
    `narrow` denies a kind only ("no large"); `yields` gives way to a statement about the present, or
    to a denial of the sign before it; `both` holds for the measure right before it too ("chest tube if").
    """

    means: Assertion | str
    place: str
    reach: str
    narrow: bool
    yields: bool
    both: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """A word that ends or continues a clause: stop, soft, with, verb, or, versus, and; or a thing: other, sign."""

    role: str

    @property
    def target(self) -> bool:
        """Whether it is a thing that cues and attributes speak of."""
        return self.role in ("other", "sign")


@dataclass(frozen=True, slots=True)
class Attribute:
    """A word for the side, severity, change, site or a qualifier of a term, for blood in it, or for "the same side"."""

    side: Side | None = None
    severity: Severity | None = None
    change: Change | None = None
    site: str | None = None
    level: str | None = None
    qualifier: str | None = None
    bloody: bool = False
    same: bool = False


Mark = Cue | Stop | Attribute


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one spelling says: a cue, by where it stands, or a clause word; and attributes beside.

    `inside` are the attributes that count also within a term: "blunting of the left costophrenic angle".
    """

    cue: Cue | None
    behind: Cue | None
    stop: Stop | None
    attributes: tuple[Attribute, ...]
    inside: tuple[Attribute, ...]


def _spoken(marks: list[Mark]) -> Spoken:
    cues = {mark.place: mark for mark in marks if isinstance(mark, Cue)}
    stops = [mark for mark in marks if isinstance(mark, Stop)]
    attributes = tuple(mark for mark in marks if isinstance(mark, Attribute))
    return Spoken(
        cue=cues.get("before") or cues.get("after"),
        behind=cues.get("after") if "before" in cues else None,
        stop=None if cues or not stops else stops[0],
        attributes=attributes,
        inside=tuple(mark for mark in attributes if mark.side or mark.site or mark.qualifier),
    )


class _Spoken(dict[Rows, Spoken]):
    """What the rows of a spelling say together, put together once."""

    __slots__ = ("marks",)

    def __init__(self, marks: tuple[Mark, ...]) -> None:
        super().__init__()
        self.marks = marks

    def __missing__(self, rows: Rows) -> Spoken:
        made = self[rows] = _spoken([self.marks[row] for row in rows])
        return made


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: the section that it opens, or the side that the lines below it speak of.

    `standing` is preliminary, final or advice, where the heading says so.
    """

    section: str | None
    side: Side | None
    standing: str | None = None


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language, ready to match: each matcher with the rows that its numbers stand for."""

    language: str
    term_matcher: Matcher
    terms: tuple[Term, ...]
    mark_matcher: Matcher
    marks: tuple[Mark, ...]
    spoken: Mapping[Rows, Spoken]
    heading_matcher: Matcher
    headings: tuple[Heading, ...]
    abbreviations: frozenset[str]
    longest_abbreviation: int
    titles: frozenset[str]
    connectives: frozenset[str]
    words: frozenset[str]
    foreign: frozenset[str]
    months: dict[str, int]
    apart: frozenset[str]
    comparison: Matcher
    measures: Matcher
    continues: Matcher
    filler: frozenset[str]
    heard: frozenset[str]
    slips: dict[str, str]


def rows(language: str, table: str) -> list[dict[str, Any]]:
    """The rows of a table as written, for the reader and for the test that walks them."""
    source = resources.files("services.clinical.reading").joinpath(language, f"{table}.toml")
    loaded: list[dict[str, Any]] = tomllib.loads(source.read_text(encoding="utf-8"))["rows"]
    return loaded


def _term(row: dict[str, Any]) -> Term:
    return Term(
        finding=row["finding"],
        kind=row.get("kind", "finding"),
        assertion=Assertion(row["assertion"]) if "assertion" in row else None,
        site=row.get("site"),
        side=Side(row["side"]) if "side" in row else None,
        severity=Severity(row["severity"]) if "severity" in row else None,
        change=Change(row["change"]) if "change" in row else None,
        qualifiers=tuple(row.get("qualifiers", ())),
        narrow=row.get("narrow", False),
        code=row.get("code", False),
        near=frozenset(row.get("near", ())),
    )


def _cue(row: dict[str, Any]) -> Cue:
    means: str = row["means"]
    return Cue(
        means=Assertion(means) if means in set(Assertion) else means,
        place=row["place"],
        reach=row.get("reach", "clause"),
        narrow=row.get("narrow", False),
        yields=row.get("yields", False),
        both=row.get("both", False),
    )


def _attribute(row: dict[str, Any]) -> Attribute:
    return Attribute(
        side=Side(row["side"]) if "side" in row else None,
        severity=Severity(row["severity"]) if "severity" in row else None,
        change=Change(row["change"]) if "change" in row else None,
        site=row.get("site"),
        level=row.get("level"),
        qualifier=row.get("qualifier"),
        bloody=row.get("bloody", False),
        same=row.get("same", False),
    )


def _matcher(source: list[dict[str, Any]]) -> Matcher:
    return Matcher(row["say"] for row in source)


@cache
def lexicon(language: str) -> Lexicon:
    """The compiled tables of `language`; one of LANGUAGES."""
    table = {name: rows(language, name) for name in TABLES}
    made: list[Mark] = [_cue(row) for row in table["cues"]]
    made += [Stop(row["role"]) for row in table["scope"]]
    made += [_attribute(row) for row in table["attributes"] + table["anatomy"]]
    spoken = table["cues"] + table["scope"] + table["attributes"] + table["anatomy"]
    lists = {row["list"]: row["say"] for row in table["language"]}
    known = {
        word.strip("*")
        for row in table["terms"] + spoken + table["sections"]
        for pattern in row["say"]
        for word in re.findall(r"[a-z]{2,}", pattern)
    }
    words = frozenset(known | set(lists["words"]))
    return Lexicon(
        language=language,
        term_matcher=_matcher(table["terms"]),
        terms=tuple(_term(row) for row in table["terms"]),
        mark_matcher=_matcher(spoken),
        marks=tuple(made),
        spoken=_Spoken(tuple(made)),
        heading_matcher=_matcher(table["sections"]),
        headings=tuple(
            Heading(row.get("section"), Side(row["side"]) if "side" in row else None, row.get("standing"))
            for row in table["sections"]
        ),
        abbreviations=frozenset(lists["abbreviations"]),
        titles=frozenset(lists["titles"]),
        connectives=frozenset(lists["connectives"]),
        words=words,
        foreign=frozenset(lists["foreign"]),
        months={name: number // 2 + 1 for number, name in enumerate(lists["months"])},
        apart=frozenset(lists["apart"]),
        comparison=Matcher([lists["comparison"]]),
        measures=Matcher([lists["measures"]]),
        continues=Matcher([lists["continues"]]),
        filler=frozenset(lists["filler"]),
        heard=words | frozenset(lists["filler"]) | frozenset(".,:;-!"),
        longest_abbreviation=max(map(len, lists["abbreviations"])),
        slips=slips(lists["spelled"], words),
    )
