"""What the fuzzer has found, as small as it gets, each by name."""

import json
from dataclasses import replace

import pytest

from services.clinical.canonical import canonical, from_json
from services.clinical.events.adverse_event import AdverseEvent
from services.clinical.facts import fact_json, state
from services.clinical.procedures.record import ProcedureRecord
from services.clinical.procedures.treatment import summarize
from services.clinical.statements import ReportBody
from services.contracts.codec import validator
from services.fhir_gateway.adverse_event import resource
from services.fhir_gateway.edition import Edition
from services.fhir_gateway.hospital import Hospital
from services.fhir_gateway.release import Release
from services.report_normalizer.reasons import WarningCode
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Done
from services.runtime.sites import Sites
from services.telemetry_reducer.handler import handle
from tests.builders import LONG_AFTER, procedure, published, report
from tests.report_normalizer.messages import PID, hl7, lines, msh, obr


@pytest.mark.parametrize("name", ["rot13", "bz2", "base64", "hex", "zlib", "quopri", "uu"])
def test_msh18_names_a_codec_of_python_that_makes_no_text(name: str) -> None:
    """Once a LookupError, which would have stopped the service for good."""
    _same_as_without_charset(name)


@pytest.mark.parametrize("name", ["idna", "undefined", "punycode", "unicode_escape", "raw_unicode_escape", "mbcs"])
def test_msh18_names_a_codec_of_python_that_is_no_character_set(name: str) -> None:
    """Once read by Python's own escapes, or a UnicodeError."""
    _same_as_without_charset(name)


def _same_as_without_charset(name: str) -> None:
    body = (PID, obr(), *lines("No pneumothorax \\F\\ \\X41\\ seen."))
    plain, odd = hl7(msh("ORU^R01"), *body), hl7(msh("ORU^R01") + f"||||||{name}", *body)
    assert isinstance(plain, Done)
    assert isinstance(odd, Done)
    assert plain.results == odd.results
    assert WarningCode.CHARSET_UNKNOWN in odd.warnings


def test_an_event_of_a_report_without_a_time_is_read_back_from_its_row() -> None:
    """Its onset isn't said, and what isn't said isn't stored: the FHIR gateway once failed on the row."""
    undated = report("FINDINGS: Small left pleural effusion.", accession="A1")
    facts = [
        replace(fact, statement=replace(fact.statement, performed=None))
        if isinstance(fact.statement, ReportBody)
        else fact
        for fact in undated
    ]
    result = published(procedure(), facts)
    for kind, found in ((AdverseEvent, result.events), (ProcedureRecord, result.records)):
        assert found
        for one in found:
            assert one == from_json(kind, json.loads(canonical(one)))
    (event,) = result.events
    assert event.onset is None
    for release in Release:
        assert resource(Edition(event, LONG_AFTER), [None], Hospital(), release)


@pytest.mark.parametrize("named", [{"cycle": 1}, {"insertion": 1}, {}])
def test_a_freezing_frame_that_does_not_say_of_which_cycle_makes_none(named: dict[str, int]) -> None:
    """Once a cycle of insertion 0, a summary that the joiner refused: the procedure's treatment was not seen."""
    frame = {"schema": "procedure-telemetry.v1", "site": "IEO", "console": "7", "accession": "A1", "frame": 2}
    frame |= {"sent": "2019-03-12T09:31:00Z", "phase": "freeze"} | named
    outcome = handle(InboundMessage("procedure-telemetry", 0, 0, json.dumps(frame).encode()), Sites())
    assert isinstance(outcome, Done)
    summary, _ = summarize("IEO", "A1", "7", [keyed.digest for keyed in outcome.results])
    assert summary.cycles == ()
    assert [] == validator("clinical-facts.v1")(json.loads(canonical(fact_json(state(summary)))))
