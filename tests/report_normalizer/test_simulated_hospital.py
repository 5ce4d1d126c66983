"""The simulated hospital's messages: those of care become facts, the rest is set aside, garbled copies are buried."""

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from services.clinical.facts import Fact
from services.clinical.statements import CareEvent, PatientLink, ProcedureStatement, ReportBody
from services.report_normalizer.handler import handle
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Done, Ignored, Invalid
from services.runtime.sites import Sites, load_sites
from simulators.message import TELEMETRY, Message
from simulators.play import build_run
from simulators.sites import sites_toml

Outcomes = list[tuple[Message, Done[Fact] | Ignored | Invalid]]


@cache
def run(cohort: str, faults: float) -> list[Message]:
    return [m for m in build_run(7, cohort, faults).messages if m.topic != TELEMETRY]


@pytest.fixture
def sites(tmp_path: Path) -> Sites:
    path = tmp_path / "sites.toml"
    path.write_text(sites_toml(), "utf-8")
    return load_sites(path)


def outcomes(cohort: str, faults: float, sites: Sites) -> Outcomes:
    return [
        (m, handle(InboundMessage(m.topic, 0, n, m.value, m.key, dict(m.headers)), sites))
        for n, m in enumerate(run(cohort, faults))
    ]


def facts_of(found: Outcomes) -> list[Fact]:
    return [fact for _, outcome in found if isinstance(outcome, Done) for fact in outcome.results]


@pytest.mark.parametrize("cohort", ["paper", "random"])
def test_without_faults_nothing_is_refused_and_nothing_is_odd(cohort: str, sites: Sites) -> None:
    found = outcomes(cohort, 0.0, sites)
    assert [o.code for _, o in found if isinstance(o, Invalid)] == []
    assert Counter() == Counter(w for _, o in found if isinstance(o, Done) for w in o.warnings)


@pytest.mark.parametrize("cohort", ["paper", "random"])
def test_only_garbled_messages_are_refused(cohort: str, sites: Sites) -> None:
    good = {m.value for m in run(cohort, 0.0)} | {
        m.value for m, o in outcomes(cohort, 1.0, sites) if not isinstance(o, Invalid)
    }
    refused = [m for m, o in outcomes(cohort, 1.0, sites) if isinstance(o, Invalid)]
    assert len(refused) > 10
    assert not good & {m.value for m in refused}


def test_what_is_set_aside_is_set_aside_for_a_reason_that_fits(sites: Sites) -> None:
    codes = Counter(o.code for _, o in outcomes("paper", 0.0, sites) if isinstance(o, Ignored))
    assert {
        "message_type_not_used", "not_a_cryoablation", "not_a_ct_report", "no_care_in_message",
        "resource_type_not_used", "not_care",
    } == set(codes)  # fmt: skip


def test_every_procedure_of_the_paper_is_documented_once_or_more(sites: Sites) -> None:
    statements = [f.statement for f in facts_of(outcomes("paper", 0.5, sites))]
    procedures = {s.accession: s for s in statements if isinstance(s, ProcedureStatement)}
    assert len(procedures) == 89
    assert sum(len(s.lesions) for s in procedures.values()) == 85 + 11


def test_reports_care_and_links_come_from_every_channel(sites: Sites) -> None:
    found = facts_of(outcomes("paper", 0.5, sites))
    assert {"admission", "discharge"} < {f.statement.care for f in found if isinstance(f.statement, CareEvent)}
    assert any(isinstance(f.statement, PatientLink) for f in found)
    ways = {
        m.topic
        for m, o in outcomes("paper", 0.5, sites)
        if isinstance(o, Done) and isinstance(o.results[0].statement, ReportBody)
    }
    assert {"hl7v2-inbound", "fhir-inbound"} == ways


def test_a_report_sent_both_ways_is_one_fact(sites: Sites) -> None:
    ids: dict[str, set[str]] = {}
    for message, outcome in outcomes("paper", 1.0, sites):
        for fact in outcome.results if isinstance(outcome, Done) else ():
            if isinstance(fact.statement, ReportBody):
                ids.setdefault(fact.id, set()).add(message.topic)
    assert any(len(topics) == 2 for topics in ids.values())
