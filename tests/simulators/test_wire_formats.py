"""What goes out is readable as what it claims to be: frames by their schema, HL7 by a parser, FHIR by its models."""

import json

import hl7
import pytest
from fhir.resources.R4B import get_fhir_model_class

from services.contracts.codec import validator
from simulators.message import FHIR, HL7V2, TELEMETRY
from simulators.play import Run, build_run
from simulators.sites import sites_toml

CHARSETS = {"8859/1": "latin-1", "UNICODE UTF-8": "utf-8", "": "ascii"}


@pytest.fixture(scope="module")
def run() -> Run:
    return build_run(seed=9, faults=0.0)


def test_every_frame_fits_its_schema(run: Run) -> None:
    check = validator("procedure-telemetry.v1")
    assert [
        problem
        for message in run.messages
        if message.topic == TELEMETRY
        for problem in check(json.loads(message.value))
    ] == []


def test_every_hl7_message_parses_in_the_charset_that_it_declares(run: Run) -> None:
    kinds = set()
    for message in run.messages:
        if message.topic == HL7V2:
            header = message.value.split(b"\r")[0].split(b"\n")[0].split(b"|")
            charset = CHARSETS[header[17].decode() if len(header) > 17 else ""]
            text = message.value.decode(charset).replace("\r\n", "\r").replace("\n", "\r")
            parsed = hl7.parse(text)
            kinds.add(str(parsed.segment("MSH")[9]).split("^")[0])
            assert str(parsed.segment("PID")[3])
    assert {"ORM", "ORU", "MDM", "ADT", "SIU"} == kinds


def test_every_resource_is_valid_r4(run: Run) -> None:
    kinds = set()
    for message in run.messages:
        if message.topic == FHIR:
            content = json.loads(message.value)
            get_fhir_model_class(content["resourceType"]).model_validate(content)
            kinds.add(content["resourceType"])
    assert {
        "Procedure",
        "DiagnosticReport",
        "Encounter",
        "MedicationAdministration",
        "Observation",
        "Bundle",
    } <= kinds


def test_accents_survive_in_both_charsets(run: Run) -> None:
    values = [message.value for message in run.messages if message.topic == HL7V2]
    assert any("ò".encode("latin-1") in value for value in values)
    assert any("ò".encode() in value for value in values)


def test_line_ends_vary_as_senders_do(run: Run) -> None:
    values = [message.value for message in run.messages if message.topic == HL7V2]
    assert any(b"\r\n" in value for value in values)
    assert any(b"\r" not in value for value in values)
    assert any(b"\n" not in value for value in values)


def test_some_reports_leave_their_issue_time_out(run: Run) -> None:
    orders = [
        line.split(b"|")
        for message in run.messages
        if message.topic == HL7V2 and b"|ORU^R01^" in message.value and b"|PACSREP|" in message.value
        for line in message.value.split(b"\r\n")
        if line.startswith(b"OBR")
    ]
    undated = sum(order[22] == b"" for order in orders)
    assert 0 < undated < len(orders) / 3


def test_merged_patients_have_data_under_the_retired_number(run: Run) -> None:
    retired = [patient["retired_mrn"].encode() for patient in run.truth["patients"] if patient["retired_mrn"]]
    assert len(retired) >= 4
    everything = [message.value for message in run.messages if message.topic in (HL7V2, FHIR)]
    for number in retired:
        assert any(number in value and b"ADT^A40" in value for value in everything)
        assert any(number in value and b"ADT^A40" not in value for value in everything)


def test_the_sites_file_names_every_sender(run: Run) -> None:
    text = sites_toml()
    assert [sender for sender in {message.sender for message in run.messages} if f'"{sender}"' not in text] == []
