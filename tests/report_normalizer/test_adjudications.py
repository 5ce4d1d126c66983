"""Decisions of the safety lead, by the examples of their topic."""

import json

import pytest

from services.clinical.statements import Adjudication
from services.contracts.registry import SCHEMAS
from services.runtime.outcomes import Done, Invalid
from tests.report_normalizer.messages import facts, raw

EXAMPLES = SCHEMAS / "examples" / "adjudications" / "1"
VALID, INVALID = (sorted((EXAMPLES / kind).glob("*.json")) for kind in ("valid", "invalid"))


@pytest.mark.parametrize("path", VALID, ids=lambda p: p.stem)
def test_a_decision_is_a_fact_with_who_when_why_and_basis(path) -> None:  # type: ignore[no-untyped-def]
    said = json.loads(path.read_bytes())
    (fact,) = facts(raw(path.read_bytes(), "adjudications"))
    decision = fact.statement
    assert isinstance(decision, Adjudication)
    for name in ("site", "accession", "event", "verdict", "who", "why", "basis"):
        assert said[name] == getattr(decision, name)
    assert said.get("grade") == decision.grade
    assert said.get("causality") == decision.causality


@pytest.mark.parametrize("path", INVALID, ids=lambda p: p.stem)
def test_what_fits_no_decision_is_a_dead_letter_with_its_place(path) -> None:  # type: ignore[no-untyped-def]
    outcome = raw(path.read_bytes(), "adjudications")
    assert isinstance(outcome, Invalid)
    assert "adjudication_unreadable" == outcome.code


@pytest.mark.parametrize("value", [b"", b"x", b"[]", b"null", b"{}", b"\xff"])
def test_what_is_no_decision_at_all_is_a_dead_letter(value: bytes) -> None:
    assert isinstance(raw(value, "adjudications"), Invalid)


def test_a_leap_second_is_no_time() -> None:
    said = json.loads(VALID[0].read_bytes()) | {"when": "2016-12-31T23:59:60Z"}
    assert isinstance(raw(json.dumps(said).encode(), "adjudications"), Invalid)


def test_the_same_decision_twice_has_one_identity() -> None:
    first, second = (raw(VALID[0].read_bytes(), "adjudications") for _ in range(2))
    assert isinstance(first, Done)
    assert first == second
