"""Every line of every table is exercised by its example."""

from __future__ import annotations

import pytest

from services.clinical.reading import read
from services.clinical.reading.lexicon import LANGUAGES, TABLES, rows
from services.clinical.reading.patterns import spellings
from tests.clinical.reading.expectation import difference

LINES = [
    pytest.param(language, row, id=f"{language}-{table}-{number}")
    for language in LANGUAGES
    for table in TABLES
    for number, row in enumerate(rows(language, table))
]


@pytest.mark.parametrize(("language", "row"), LINES)
def test_example(language: str, row: dict[str, str]) -> None:
    """The example of a line is read as the line says."""
    for example in row["example"].split(" || "):
        sentence, _, wanted = example.partition(" => ")
        assert difference(wanted, read(sentence, language=language).findings) is None


@pytest.mark.parametrize(("language", "row"), LINES)
def test_line_is_complete(language: str, row: dict[str, str]) -> None:
    """A line says its words, its reason and its example."""
    assert row["say"]
    assert row["reason"]
    assert " => " in row["example"]


def _sort(table: str, row: dict[str, str]) -> str:
    return f"{table} {row['place']}" if table == "cues" else {"anatomy": "attributes"}.get(table, table)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_spelling_means_two_things(language: str) -> None:
    """A spelling may be a cue on either side and an attribute, but never two things of one sort."""
    seen: dict[tuple[str, tuple[str, ...]], dict[str, str]] = {}
    twice = []
    for table in TABLES[:-1]:
        for row in rows(language, table):
            for pattern in row["say"]:
                for words in spellings(pattern):
                    if seen.setdefault((_sort(table, row), words), row) is not row:
                        twice.append(" ".join(words))
    assert twice == []
