"""What an independent validator says of our AuditEvents, by FHIR's rules and by BALP's."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.audit.audit_event import ACT_SYSTEM
from services.audit.search import Page, Place
from services.desk.trail_query import TrailQuery, searchset
from services.fhir_gateway.release import Release
from tests.desk.audit_examples import records
from tests.desk.balp import profiles
from tests.fhir_gateway import judge

pytestmark = pytest.mark.skipif(not judge.PRESENT, reason="no FHIR judge: name its folder in CRYOWATCH_FHIR_JUDGE")
OUR_WORDS = f"The Coding provided ({ACT_SYSTEM}#"
"""FHIR's value set of subtypes is extensible: our words stand beside its own, and the validator remarks on it."""

BREAK: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    "no network": ("event-read", lambda r: r["agent"][0].pop("network")),
    "roles swapped": ("event-read", lambda r: r["agent"].reverse() or r["agent"][0].update(type=r["agent"][1]["type"])),
    "no patient": ("event-read", lambda r: r["entity"].pop(0)),
    "no query": ("dead-letters-listed", lambda r: r["entity"][0].pop("query")),
    "another action": ("dead-letter-edited", lambda r: r.update(action="R")),
    "a failure": ("dead-letter-edited", lambda r: r.update(outcome="4")),
    "a patient that is a device": ("event-decided", lambda r: r["entity"][0].update(what={"reference": "Device/1"})),
    "a person with an address": (
        "dead-letter-shown",
        lambda r: r["agent"][2].update(network={"address": "x", "type": "1"}),
    ),
}


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    problem = judge.build()
    if problem:
        pytest.skip(f"the FHIR judge can't be built here: {problem}")
    folder: Path = tmp_path_factory.mktemp("support")
    for name, profile in profiles().items():
        (folder / f"balp-{name}.json").write_text(json.dumps(profile))
    return judge.support(Release.R4, folder)


def found() -> dict[str, Any]:
    """A page of the trail with every kind of record, and a page after it."""
    page = tuple(record | {"id": str(uuid.UUID(int=n))} for n, record in enumerate(records().values(), 1))
    query = TrailQuery(date=("ge2026-03-01", "lt2026-03-03"), outcome="0,4,8")
    return searchset(query, Page(page, Place(datetime(2026, 3, 2, tzinfo=UTC), 17)))


def broken(name: str) -> dict[str, Any]:
    example, change = BREAK[name]
    record = records()[example]
    change(record)
    return record


def test_every_audit_event_is_valid_and_what_breaks_balp_is_not(options: list[str]) -> None:
    sent = [*records().items(), ("trail", found()), *((name, broken(name)) for name in BREAK)]
    verdicts = {verdict.name: verdict for verdict in judge.validate(Release.R4, sent, options)}
    assert len(sent) == len(verdicts)
    issues = [(name, i) for name in (*records(), "trail") for i in verdicts[name].issues if OUR_WORDS not in i]
    assert issues == []
    assert [name for name in BREAK if verdicts[name].ok] == []
