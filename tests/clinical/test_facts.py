"""A fact's version is what it was when the first of them was stored: another one would enter every fact anew."""

from datetime import UTC, datetime

from services.clinical.canonical import digest
from services.clinical.facts import Fact, Standing, fact_from_json, fact_json, state
from services.clinical.statements import ReportStatus
from tests.builders import procedure, report

WHEN = datetime(2026, 3, 2, 8, tzinfo=UTC)
STATUS = ReportStatus("IEO", "R1", "P1")
FACTS: tuple[Fact, ...] = (
    procedure(),
    *report("FINDINGS: Épanchement «left» pleural."),
    state(STATUS),
    state(STATUS, Standing.WITHDRAWN, issued=WHEN),
    state(STATUS, sent=WHEN),
)


def test_a_version_is_the_digest_of_standing_times_and_statement() -> None:
    for fact in FACTS:
        assert digest((fact.standing, fact.issued, fact.sent, fact.statement)) == fact.version
        assert digest(fact.statement) == fact.content
        assert fact.version == fact_from_json(fact_json(fact)).version


def test_a_version_stays_the_same_from_release_to_release() -> None:
    assert "3f53a8e6120af7b295ec22bb340d8d06" == state(STATUS, issued=WHEN).version
