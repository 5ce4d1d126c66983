"""Every word that a dashboard or a list can show stands in docs/glossary.md."""

import re
from pathlib import Path

import pytest

import services.clinical.events.adjudication as decided
import services.clinical.events.coded as coded
import services.clinical.standing_report as standing
from services.clinical.events.adverse_event import Certainty, Timing
from services.clinical.procedures.record import FollowUp
from services.clinical.rates.rate import UNITS

ROOT = Path(__file__).parents[1]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8")
CODES = {
    *(standing.REISSUED, standing.SUPERSEDED, standing.UNREAD, coded.DISPUTED, decided.MOVED, decided.GONE),
    *("possible_event", "side_not_stated", "unchanged_without_baseline", "possible_before_it_was_certain", "rejected"),
    *("report_contradictory", "report_empty", "report_too_long", "report_unknown_language"),
    *("report_under_another_patient", "ambiguous_event", "ambiguous_finding"),
    *("_fits_several_events", "_fits_several_procedures", "_without_event", "_not_tied_to_an_event", "_time_unknown"),
    *("death_cause_without_event", "death_cause_fits_several_events"),
    *("ends_before_it_starts", "longer_than_a_day", "treatment_not_established"),
}


@pytest.mark.parametrize("word", [*UNITS, *FollowUp, *Certainty, *Timing, *sorted(CODES)])
def test_a_word_is_explained(word: str) -> None:
    assert f"{word}`" in GLOSSARY


def test_the_codes_that_the_clinic_writes_are_these() -> None:
    """Whoever adds a code finds this test red, and the glossary wanting."""
    text = "".join(path.read_text("utf-8") for path in (ROOT / "services" / "clinical").rglob("*.py"))
    said = set(re.findall(r'review(?:\.add|\.append)?\(?[^"\n]*"([a-z_]{8,})"', text))
    said |= set(re.findall(r'\{one\.care\}(_[a-z_]+)"', text))
    assert said - CODES == set()
