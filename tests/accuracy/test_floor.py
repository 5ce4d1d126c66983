"""The figures that the reading must not fall below, on open and on blind texts."""

from __future__ import annotations

import pytest

from tests.accuracy.labelled import labelled
from tests.accuracy.tally import Tally, class_f1, events_f1, f1, graded, recall, tally


@pytest.fixture(scope="module", params=["open", "blind"])
def half(request: pytest.FixtureRequest) -> dict[str, Tally]:
    """The tallies of one half, by kind of text."""
    blind = request.param == "blind"
    return {kind: tally(text for text in labelled(kind) if text.blind is blind) for kind in ("sentences", "reports")}


def test_denials(half: dict[str, Tally]) -> None:
    """Denied findings are found as such."""
    assert class_f1(half["sentences"], "absent") >= 0.97


def test_hedges(half: dict[str, Tally]) -> None:
    """What is left open is left open."""
    assert recall(half["sentences"], "possible") >= 0.80


@pytest.mark.parametrize("finding", ["pneumothorax", "pleural_effusion"])
def test_findings_of_reports(half: dict[str, Tally], finding: str) -> None:
    """Present anywhere in the report, or not."""
    counts = half["reports"].there[finding]
    assert f1(counts["tp"], counts["fp"], counts["fn"]) >= 0.92


@pytest.mark.parametrize("kind", ["sentences", "reports"])
def test_the_two_errors_that_must_not_happen(half: dict[str, Tally], kind: str) -> None:
    """Possible read as absent, and absent read as present."""
    confusion = half[kind].confusion
    assert (confusion["possible", "absent"], confusion["absent", "present"]) == (0, 0)


def test_events_of_reports(half: dict[str, Tally]) -> None:
    """What a report alone means for the procedure of the day before: which events, on which side."""
    assert events_f1(half["reports"]) >= 0.95


@pytest.mark.parametrize("ruleset", ["orsi-2024", "sir-2017"])
def test_grades_of_events(half: dict[str, Tally], ruleset: str) -> None:
    """The events found are graded as an expert grades them."""
    assert graded(half["reports"], ruleset) >= 0.95


def test_ids_are_unique_and_a_share_is_blind() -> None:
    """Every text can be named, and enough of them are blind."""
    for kind, least in (("sentences", 930), ("reports", 160)):
        texts = labelled(kind)
        assert len({text.id for text in texts}) == len(texts) >= least
        assert sum(text.blind for text in texts) / len(texts) > 0.28
        assert kind == "sentences" or all(text.procedure_context and text.events is not None for text in texts)
