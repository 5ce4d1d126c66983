"""Anything that a hospital may send where a report should be: a code, never an exception, never a finding."""

from __future__ import annotations

import time

import pytest

from services.clinical.reading import read

UNREADABLE = {
    "nothing": ("", "empty"),
    "blanks": (" \n\t ", "empty"),
    "rules": ("-----\n=====", "empty"),
    "binary": ("\x00\x01\x02PNG pneumothorax", "not_text"),
    "a document in base64": ("JVBERi0xLjQK" + "QUJD" * 500, "not_text"),
    "rich text": ("{\\rtf1\\ansi Small pneumothorax.}", "not_text"),
    "broken bytes": ("\ufffd\ufffd pneumothorax \ufffd\ufffd\ufffd", "not_text"),
    "German": ("Kein Pneumothorax. Kleiner Pleuraerguss links.", "unknown_language"),
    "French": ("Pas de pneumothorax. Petit épanchement pleural gauche.", "unknown_language"),
    "Spanish": ("Sin neumotórax. Derrame pleural izquierdo pequeño.", "unknown_language"),
    "Russian": ("Пневмоторакса нет.", "unknown_language"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_unreadable_text_is_coded(case: str) -> None:
    """No finding is invented."""
    text, outcome = UNREADABLE[case]
    reading = read(text)
    assert (reading.outcome, reading.findings, reading.mentions) == (outcome, (), ())


def test_a_language_without_tables_is_unknown() -> None:
    """A language asked for that we don't have is not guessed."""
    assert read("No pneumothorax.", language="de").outcome == "unknown_language"


@pytest.mark.parametrize(
    "text",
    [
        "No pneumothorax. Small left pleural effusion. The heart is normal in size today. " * 12_000,
        "pneumothorax " * 80_000,
        "no effusion, pneumothorax or " * 35_000,
        "history: pneumothorax\n" * 45_000,
        "left: effusion\n\n" * 60_000,
        "no " * 300_000 + "effusion",
        "effusion 5 x 4 x 3 cm " * 45_000,
    ],
)
def test_a_megabyte_is_read_in_seconds(text: str) -> None:
    """A long report is coded so; whatever it holds, reading it stays linear."""
    started = time.process_time()
    assert read(text, language="en").outcome == "too_long"
    assert time.process_time() - started < 20
