"""Adverse events for the mapping's tests: a test states only what matters to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.clinical.events.adverse_event import (
    AdverseEvent,
    Certainty,
    EventStatus,
    Evidence,
    Grade,
    Management,
    Phase,
    Timing,
)
from services.clinical.moments import Moment, at
from services.fhir_gateway.adverse_event import resource
from services.fhir_gateway.edition import Edition
from services.fhir_gateway.hospital import Hospital
from services.fhir_gateway.release import Release
from services.runtime.sites import Site, Sites

SHOWN = datetime(2024, 3, 2, 9, 30, tzinfo=UTC)
PUBLISHED = datetime(2024, 3, 2, 10, 0, 0, 123_456, tzinfo=UTC)
ROME = Hospital(sites=Sites(sites={"IEO": Site("IEO", "Europe/Rome")}))
SENTENCE = "Small left hydropneumothorax."


def grade(number: int = 1, ruleset: str = "orsi-2024", **more: Any) -> Grade:
    words = {1: "No therapy.", 2: "Air or fluid in the pleura that was drained.", 3: "Marked escalation of care."}
    made = Grade(ruleset, "1", "SIR 2017", number, "rule", words.get(number, "Worse."), ("finding:x",), True)
    return replace(made, **more)


def event(token: str = "hydropneumothorax", **more: Any) -> AdverseEvent:
    made = AdverseEvent(
        id="ae-0123456789abcdefghjkmnpqrs",
        status=EventStatus.LIVE,
        site="IEO",
        procedure="procedure:IEO:A1",
        accession="A1",
        patient_site="IEO",
        patient_id="P1",
        event=token,
        compartment="pleura",
        certainty=Certainty.DEFINITE,
        timing=Timing.WITHIN_24H,
        onset=at(SHOWN),
        recorded=SHOWN + timedelta(hours=1),
        grades=(grade(), grade(ruleset="sir-2017")),
        evidence=(Evidence("report:IEO:R1", f"{token}:present", at(SHOWN), "findings", 0, len(SENTENCE)),),
        side="left",
        severity="small",
        lesion="1",
        organ="lung",
        phase=Phase.CLOSED,
        revision=17592186044432,
        reader="2026.11-1",
        procedure_start=at(SHOWN - timedelta(hours=26)),
        procedure_end=at(SHOWN - timedelta(hours=24)),
    )
    return replace(made, **more)


def drained(token: str = "hydropneumothorax", **more: Any) -> AdverseEvent:
    done = Management("chest_tube", "care:IEO:C1", at(SHOWN + timedelta(hours=2)))
    grades = (grade(2), grade(3, "sir-2017"))
    return replace(event(token, grades=grades, management=(done,)), **more)


def day() -> Moment:
    """A CT of which the day alone is known, in Rome."""
    return Moment(datetime(2024, 3, 1, 23, tzinfo=UTC), datetime(2024, 3, 2, 22, 59, 59, tzinfo=UTC))


def written(one: AdverseEvent, release: Release, sentences: tuple[str | None, ...] = ()) -> dict[str, Any]:
    return resource(Edition(one, PUBLISHED), sentences, ROME, release)


def codings(concept: dict[str, Any]) -> set[tuple[str, str]]:
    return {(c["system"].rpartition("/")[2], c["code"]) for c in concept["coding"]}


def extension(of: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Our extensions of that name; each as url of its part to its values."""
    found = []
    for one in of.get("extension", ()):
        if one["url"].rpartition("/")[2] != name:
            continue
        parts: dict[str, Any] = {}
        for part in one.get("extension", ()):
            value = next(v for k, v in part.items() if k != "url")
            parts.setdefault(part["url"], []).append(value)
        found.append(parts or {"value": next(v for k, v in one.items() if k != "url")})
    return found
