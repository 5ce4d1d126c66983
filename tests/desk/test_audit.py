"""The audit trail: BALP's shapes, one record a patient, restraint with refusals, nothing that can break a record."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from services.audit.act import Act, Agent, Outcome, Patient, Pattern, Thing
from services.audit.audit_event import audit_events
from services.audit.restraint import IN_ALL, MINUTE, PER_ADDRESS, Restraint
from services.contracts.codec import validator
from services.contracts.registry import SCHEMAS
from tests.desk.audit_examples import ACTS, FOLDER, records, text

DESTINATION, SOURCE = "110152", "110153"


def written(act: Act) -> list[dict[str, Any]]:
    ids = (f"id-{n}" for n in range(1000))
    return [one for _, one in audit_events(act, "desk", "host", datetime(2026, 3, 2, tzinfo=UTC), lambda: next(ids))]


@pytest.mark.parametrize("name", sorted(ACTS))
def test_the_committed_examples_are_what_is_written(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text("utf-8") == text(records()[name]), "run: -m tests.desk.audit_examples"


def test_every_committed_example_is_written() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(ACTS)


@pytest.mark.parametrize("name", sorted(ACTS))
def test_client_and_server_have_the_roles_that_balp_gives_them(name: str) -> None:
    record = records()[name]
    client, server, *person = record["agent"]
    reads = record["action"] == "R"
    assert (DESTINATION if reads else SOURCE) == client["type"]["coding"][0]["code"]
    assert (SOURCE if reads else DESTINATION) == server["type"]["coding"][0]["code"]
    assert 1 == sum(agent["requestor"] for agent in record["agent"])
    for one in person:
        assert ("IRCP" if record["action"] in "RE" else "AUT") == one["type"]["coding"][0]["code"]
        assert "network" not in one


@pytest.mark.parametrize("name", sorted(ACTS))
def test_a_profile_is_named_by_successes_alone_and_says_whether_a_patient_is_known(name: str) -> None:
    record = records()[name]
    patients = [e for e in record.get("entity", ()) if e["type"]["code"] == "1"]
    if record["outcome"] == "0":
        (profile,) = record["meta"]["profile"]
        assert bool(patients) == ("IHE.BasicAudit.Patient" in profile)
    else:
        assert "meta" not in record


def test_every_act_has_its_word_in_the_code_system() -> None:
    found = json.loads((SCHEMAS / "fhir/CodeSystem/audit-act.json").read_text("utf-8"))
    known = {concept["code"] for concept in found["concept"]}
    used = {code["code"] for record in records().values() for code in record["subtype"][1:]}
    assert used == known
    assert len(known) == found["count"]


def test_an_act_that_concerns_three_patients_is_three_records_that_are_all_valid() -> None:
    patients = tuple(Patient("urn:x", f"P{n}") for n in range(3))
    act = replace(ACTS["events-searched"][1], patients=patients)
    found = written(act)
    assert ["id-0", "id-1", "id-2"] == [one["id"] for one in found]
    for number, one in enumerate(found):
        AuditEvent.model_validate({k: v for k, v in one.items() if k != "resourceType"})
        assert f"P{number}" == one["entity"][0]["what"]["identifier"]["value"]
        assert validator("audit-events.v1")(one) == []


@pytest.mark.parametrize("odd", ["", " ", "a\x00b\r\n", "\ud800", "x" * 100_000, "Città \U0001fac1"])
def test_whatever_comes_from_outside_the_record_is_valid_and_small(odd: str) -> None:
    agent = Agent(odd, odd, odd)
    act = Act(
        Pattern.QUERY, "search", "search-type", agent, (Thing(system="urn:x", value=odd or "-", display=odd),),
        (Patient("urn:x", odd),), odd, Outcome.MINOR_FAILURE, odd,
    )  # fmt: skip
    (record,) = written(act)
    assert validator("audit-events.v1")(record) == []
    assert len(json.dumps(record)) < 50_000


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_refusals_beyond_a_few_a_minute_are_counted_instead() -> None:
    watch = Watch()
    restraint = Restraint(watch)
    recorded = [restraint.admit("10.0.0.66") for _ in range(1000)]
    assert [0] * PER_ADDRESS == [one for one in recorded if one is not None]
    assert 0 == restraint.owed()
    watch.now += MINUTE
    assert 1000 - PER_ADDRESS == restraint.owed()
    assert 0 == restraint.owed()


def test_many_addresses_are_bounded_in_all_and_the_next_minute_says_how_many_there_were() -> None:
    watch = Watch()
    restraint = Restraint(watch)
    addresses = [f"10.{n // 65536}.{n // 256 % 256}.{n % 256}" for n in range(5000)]
    assert IN_ALL == sum(restraint.admit(address) is not None for address in addresses)
    watch.now += MINUTE
    assert len(addresses) - IN_ALL == restraint.admit("10.0.0.1")
