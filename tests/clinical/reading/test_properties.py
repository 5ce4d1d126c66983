"""What holds for every text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.clinical.reading import Assertion, read
from tests.accuracy.labelled import labelled

WORDS = [
    *("no", "small", "left", "right", "effusion", "pneumothorax", "or", "and", ",", ".", ":", ";", "?", "(", "versus"),
    *("cannot", "exclude", "resolved", "has", "the", "prior", "history", "of", "5", "mm", "hematoma", "likely", "with"),
    *(
        "IMPRESSION:",
        "FINDINGS:",
        "ADDENDUM:",
        "PRELIMINARY REPORT:",
        "\n",
        "~",
        "\\.br\\",
        "unchanged",
        "without",
        "not",
    ),
    *("chest", "tube", "non", "versamento", "sinistro", "assenza", "di", "né", "none", "on", "may", "5 x 3 cm", "2024"),
]
PLAIN = (
    "The heart is normal in size.",
    "The aorta is tortuous.",
    "Degenerative changes of the spine.",
    "The liver is normal.",
)
SENTENCES = [one for one in labelled("sentences") if one.lang == "en"]


@given(st.text())
def test_total_and_deterministic(text: str) -> None:
    """Any string is read, twice alike, and every sentence is where its offsets say."""
    reading = read(text)
    assert reading == read(text)
    for finding in reading.mentions:
        assert 0 <= finding.start <= finding.end <= len(text)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join))
def test_total_on_report_like_text(text: str) -> None:
    """Words of reports in any order are read, in both languages, and what is final was mentioned."""
    for language in ("en", "it"):
        reading = read(text, language=language)
        mentioned = {(f.kind, f.finding) for f in reading.mentions}
        assert {(f.kind, f.finding) for f in reading.findings} == mentioned


@settings(max_examples=200)
@given(
    st.sampled_from(SENTENCES),
    st.lists(st.sampled_from(PLAIN), max_size=3),
    st.lists(st.sampled_from(PLAIN), max_size=3),
)
def test_unrelated_sentences_change_nothing(one: object, before: list[str], after: list[str]) -> None:
    """Sentences about other things, before or behind, flip no assertion and no side."""
    text = getattr(one, "text")  # noqa: B009
    if text[-1] not in ".?!":
        text += "."
    alone = read(text, language="en").findings
    within = read("\n".join([*before, text, *after]), language="en").findings
    assert [(f.finding, f.assertion, f.side) for f in within] == [(f.finding, f.assertion, f.side) for f in alone]


@given(st.sampled_from(SENTENCES))
def test_saying_it_twice_changes_nothing(one: object) -> None:
    """A repeated sentence is one position."""
    text = getattr(one, "text").rstrip(".") + ".\n"  # noqa: B009
    once, twice = read(text, language="en").findings, read(text * 2, language="en").findings
    assert [(f.finding, f.assertion, f.side) for f in twice] == [(f.finding, f.assertion, f.side) for f in once]


@given(st.sampled_from(["pneumothorax", "pleural effusion", "hematoma", "rib fracture", "pulmonary embolism"]))
def test_a_denied_finding_is_never_present(word: str) -> None:
    """Whatever denies it, alone or in a list."""
    for sentence in (
        f"No {word}.",
        f"No evidence of {word}.",
        f"There is no {word} or edema.",
        f"Without {word}.",
        f"{word} is not seen.",
        f"No consolidation, nodule, or {word}.",
    ):
        assert {f.assertion for f in read(sentence, language="en").findings} == {Assertion.ABSENT}
