"""The codes and definitions that we publish, against the vocabulary that they cover and the resources that use them."""

from typing import Any

import pytest

from services.clinical.events.adverse_event import Phase, Timing
from services.clinical.events.compartments import compartments
from services.clinical.grading.ruleset import shipped
from services.contracts.registry import SCHEMAS
from services.fhir_gateway.codes import BASE, codes
from services.fhir_gateway.definitions import definitions
from services.fhir_gateway.edition import Withdrawal
from services.fhir_gateway.parameters import parameters
from services.fhir_gateway.release import Release
from tests.fhir_gateway.examples import EXAMPLES, FOLDER, example_text

BOTH = pytest.mark.parametrize("release", list(Release))


def concepts(system: str) -> dict[str, str]:
    found = definitions(Release.R4)["CodeSystem"][system]
    return {c["code"]: c["display"] for c in found["concept"]}


def test_every_finding_and_every_care_has_a_code() -> None:
    managed = {care for rules in shipped() for rule in rules.rules for care in rule.any_of}
    assert set(compartments().findings) == set(codes().events)
    assert set(compartments().management) | managed - {"death"} == set(codes().care_given)


def test_our_code_systems_list_what_we_use() -> None:
    assert {t: c.text for t, c in codes().events.items()} == concepts("adverse-event")
    assert {t: c.text for t, c in codes().care_given.items()} == concepts("care")
    assert {t.value.replace("_", "-") for t in Timing} == set(concepts("timing"))
    assert {p.value for p in Phase} == set(concepts("phase"))
    assert {w.value for w in Withdrawal} == set(concepts("withdrawal-reason"))


def test_no_concept_has_the_same_coding_twice() -> None:
    for concept in (*codes().events.values(), *codes().care_given.values(), *codes().places.values()):
        assert len({(c.system, c.code) for c in concept.codings}) == len(concept.codings)


def test_every_definition_bears_its_address() -> None:
    for kind, found in definitions(Release.R4).items():
        for name, one in found.items():
            assert one["url"] == f"{BASE}/{kind}/{name}"
            assert one["resourceType"] == kind
            assert (SCHEMAS / "fhir" / kind / f"{name}.json").exists()


def test_every_searchable_parameter_of_ours_is_defined() -> None:
    own = {p.definition.rpartition("/")[2] for p in parameters(Release.R4).values() if p.ours}
    assert set(definitions(Release.R4)["SearchParameter"]) == own
    assert not [p for p in parameters(Release.R5).values() if p.ours]


def used(value: Any) -> set[str]:
    """The URLs of our extensions with their parts, as ``name`` and ``name/part``."""
    found = set()
    if isinstance(value, dict):
        for one in value.get("extension", ()):
            name = one["url"].removeprefix(f"{BASE}/StructureDefinition/")
            found |= {name} | {f"{name}/{part['url']}" for part in one.get("extension", ())}
    return found


@BOTH
def test_every_extension_that_the_examples_use_is_defined_with_its_parts(release: Release) -> None:
    defined = set()
    for name, one in definitions(release)["StructureDefinition"].items():
        slices = [e["sliceName"] for e in one["differential"]["element"] if "sliceName" in e]
        defined |= {name} | {f"{name}/{part}" for part in slices}
        assert one["fhirVersion"] == release.version
    shown = set().union(*(used(make(release)) for make in EXAMPLES.values()))
    assert defined == shown


@BOTH
@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_examples_in_schemas_are_what_the_gateway_writes(name: str, release: Release) -> None:
    path = FOLDER / release.value / f"{name}.json"
    assert example_text(name, release) == path.read_text("utf-8"), "run python -m tests.fhir_gateway.examples"
