"""What an independent validator and a strict client say of our resources and of the running gateway."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.clinical.events.adverse_event import EventStatus
from services.clinical.events.compartments import compartments
from services.clinical.facts import Standing
from services.clinical.statements import Lesion
from services.fhir_gateway.definitions import definitions
from services.fhir_gateway.release import Release
from tests.builders import END, care, procedure, report
from tests.fhir_gateway import judge
from tests.fhir_gateway.conftest import World
from tests.fhir_gateway.events import SENTENCE, drained, event, written
from tests.fhir_gateway.examples import EXAMPLES

pytestmark = pytest.mark.skipif(not judge.PRESENT, reason="no FHIR judge: name its folder in CRYOWATCH_FHIR_JUDGE")
BOTH = pytest.mark.parametrize("release", list(Release))
OFFLINE = "ERROR_GENERATING_SNAPSHOT"
"""Of a definition the validator wants a package that it would have to download; it says so of every definition."""

UNCHECKED = "CodeSystem is unknown and can't be validated: http://hl7.org/fhir/sid/icd-10-cm"
"""It has no terminology server."""

ODD = 'Più versamento <b>"sinistro"</b> & aria — 5 °C \U0001fac1'
REPORTS = [
    "FINDINGS: Small left pleural effusion.",
    "FINDINGS: Small left pneumothorax. Left hemorrhagic pleural effusion.",
    "FINDINGS: Segmental pulmonary embolism.",
    "FINDINGS: Hematoma of the left rectus abdominis. Hemoptysis.",
    "FINDINGS: Small bilateral pleural effusions.",
]


@pytest.fixture(scope="module")
def built() -> None:
    problem = judge.build() if judge.PRESENT else ""
    if problem:
        pytest.skip(f"the FHIR judge can't be built here: {problem}")


@pytest.fixture(scope="module")
def hospital(shared_world: World) -> World:
    """Five patients; one event has been taken back, another is provisional and drained."""
    for number, text in enumerate(REPORTS, 1):
        lesions = (Lesion("1", "lung", "lung", "left"), Lesion("2", "soft_tissue", "pelvic_mass", "left"))
        shared_world.enter(
            procedure(f"A{number}", patient=f"P{number}", lesions=lesions),
            report(text, f"R{number}", patient=f"P{number}", issued=END + timedelta(hours=25)),
            as_of=END + timedelta(days=2),
        )
    clear = "FINDINGS: No pleural effusion. No pneumothorax."
    later = END + timedelta(hours=26)
    shared_world.enter(report(clear, "R1", issued=later, standing=Standing.CORRECTED))
    shared_world.enter(care("chest_tube", patient="P2", number="C2"), as_of=END + timedelta(days=2))
    return shared_world


def resources(release: Release) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for token, (compartment, _, sided) in sorted(compartments().findings.items()):
        one = event(token, compartment=compartment, side="right" if sided else None, place="rib")
        found.append((f"live {token}", written(one, release, (SENTENCE,))))
        found.append((f"withdrawn {token}", written(drained(token, status=EventStatus.WITHDRAWN), release)))
    found.append(("non-ASCII", written(event(patient_id="Pé <1> & 2", severity="épais"), release, (ODD,))))
    found += [(f"care {token}", _managed(token, release)) for token in compartments().management]
    found += [(f"example {name}", make(release)) for name, make in EXAMPLES.items()]
    for kind, ours in definitions(release).items():
        found += [(f"{kind} {name}", one) for name, one in ours.items()]
    return found


def _managed(token: str, release: Release) -> Any:
    from dataclasses import replace

    one = drained()
    return written(replace(one, management=tuple(replace(m, care=token) for m in one.management)), release)


@pytest.mark.usefixtures("built")
@BOTH
def test_every_resource_is_valid(release: Release, hospital: World, tmp_path: Path) -> None:
    sent = resources(release)
    reader = hospital.reader()
    sent += [
        (path, reader.json(f"/{release.value}/{path}"))
        for path in (
            "AdverseEvent",
            "AdverseEvent?_summary=true",
            "AdverseEvent?_summary=text",
            "metadata",
            "CodeSystem",
        )
    ]
    name = reader.ids(f"/{release.value}/AdverseEvent?_tag=withdrawn")[0]
    sent.append(("history", reader.json(f"/{release.value}/AdverseEvent/{name}/_history")))
    verdicts = judge.validate(release, sent, judge.support(release, tmp_path))
    issues = [
        (verdict.name, issue)
        for verdict in verdicts
        for issue in verdict.issues
        if UNCHECKED not in issue and not (OFFLINE in issue and verdict.name.startswith("StructureDefinition"))
    ]
    assert issues == []
    assert len(verdicts) == len(sent)


@pytest.mark.usefixtures("built")
@BOTH
def test_a_strict_client_finds_nothing_wrong_with_the_server(release: Release, hospital: World, tmp_path: Path) -> None:
    base = f"{hospital.reader().client.base_url.join('/')}{release.value}"
    passed, failed = judge.read_as_a_client(release, base, judge.support(release, tmp_path))
    assert failed == []
    assert passed > 50
