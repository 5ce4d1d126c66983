"""Our extensions: what FHIR's AdverseEvent has no element for. Defined in ``schemas/fhir/StructureDefinition``."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from services.clinical.events.adverse_event import AdverseEvent, Evidence, Grade, Management
from services.clinical.moments import Moment
from services.fhir_gateway.codes import BASE, codes
from services.fhir_gateway.edition import Withdrawal
from services.fhir_gateway.elements import Json, clean, source
from services.fhir_gateway.hospital import Hospital
from services.fhir_gateway.times import period, when_value

Sentences = Sequence[str | None]


def _url(name: str) -> str:
    return f"{BASE}/StructureDefinition/{name}"


def _simple(name: str, **value: object) -> Json:
    return {"url": name, **value}


def sir_grade(grade: Grade) -> Json:
    """A grade of one rule set, with the rule that gave it and its reasons."""
    parts = [
        _simple("grade", valueInteger=grade.grade),
        _simple("scale", valueString=clean(grade.scale)),
        _simple("ruleSet", valueString=clean(grade.ruleset)),
        _simple("ruleSetVersion", valueString=clean(grade.version)),
        _simple("rule", valueString=clean(grade.rule)),
        _simple("words", valueString=clean(grade.words)),
        *(_simple("reason", valueString=clean(reason)) for reason in grade.reasons),
        _simple("provisional", valueBoolean=grade.provisional),
        _simple("adjudicated", valueBoolean=grade.adjudicated),
    ]
    return {"extension": parts, "url": _url("sir-grade")}


def timing(event: AdverseEvent) -> Json:
    """Within 24 h, delayed, or undecided."""
    return _simple(_url("timing"), valueCode=event.timing.value.replace("_", "-"))


def assessment(event: AdverseEvent) -> Json:
    """How far the assessment has come, and what a person should look at."""
    parts = [
        _simple("phase", valueCode=event.phase.value),
        _simple("preliminary", valueBoolean=event.preliminary),
        *(_simple("review", valueString=clean(code)) for code in event.review),
    ]
    if event.reader:
        parts.append(_simple("reader", valueString=clean(event.reader)))
    return {"extension": parts, "url": _url("assessment")}


def finding(event: AdverseEvent) -> Json | None:
    """Where in the body, on which side, how much, and to which lesion it belongs; None when nothing is known."""
    parts = []
    place = codes().place(event.place, event.compartment)
    if place:
        parts.append(_simple("bodySite", valueCodeableConcept=place.json() | {"text": clean(place.text)}))
    if event.side:
        parts.append(_simple("side", valueCodeableConcept=codes().side(event.side).json()))
    if event.severity:
        parts.append(_simple("amount", valueString=clean(event.severity)))
    if event.hemorrhagic:
        parts.append(_simple("hemorrhagic", valueBoolean=True))
    if event.lesion:
        parts.append(_simple("lesion", valueString=clean(event.lesion)))
    if event.organ:
        parts.append(_simple("organ", valueString=clean(event.organ)))
    return {"extension": parts, "url": _url("finding")} if parts else None


def evidence(proof: Evidence, sentence: str | None, hospital: Hospital, zone: ZoneInfo) -> Json:
    """A place that shows the event: source, section and offsets; the sentence for authorized readers."""
    parts = [
        _simple("source", valueIdentifier=source(proof.source, hospital)),
        _simple("says", valueString=clean(proof.says)),
    ]
    if proof.performed:
        parts.append({"url": "performed", **when_value(proof.performed, zone)})
    if proof.section:
        parts.append(_simple("section", valueString=clean(proof.section)))
    if proof.start is not None and proof.end is not None:
        parts.append(_simple("start", valueUnsignedInt=proof.start))
        parts.append(_simple("end", valueUnsignedInt=proof.end))
    if sentence:
        parts.append(_simple("sentence", valueString=clean(sentence)))
    return {"extension": parts, "url": _url("evidence")}


def mitigation(one: Management, hospital: Hospital, zone: ZoneInfo) -> Json:
    """What was done about it (R4; R5 has an element)."""
    parts = [
        _simple("care", valueCodeableConcept=codes().care(one.care).json()),
        _simple("source", valueIdentifier=source(one.source, hospital)),
    ]
    if one.given:
        parts.append({"url": "given", **when_value(one.given, zone)})
    return {"extension": parts, "url": _url("mitigation")}


def onset_interval(onset: Moment, zone: ZoneInfo) -> Json:
    """The interval that holds the onset (R4; R5 has an element)."""
    return _simple(_url("onset-interval"), valuePeriod=period(onset, zone))


def withdrawal_reason(reason: Withdrawal) -> Json:
    """Why the event no longer holds."""
    return _simple(_url("withdrawal-reason"), valueCode=reason.value)


def of_live(event: AdverseEvent, sentences: Sentences, hospital: Hospital) -> list[Json]:
    """The extensions that a live event has in both releases."""
    zone = hospital.zone(event.site)
    where = finding(event)
    proofs = zip(event.evidence, sentences or [None] * len(event.evidence), strict=True)
    return [
        *(sir_grade(grade) for grade in event.grades),
        timing(event),
        assessment(event),
        *([where] if where else []),
        *(evidence(proof, sentence, hospital, zone) for proof, sentence in proofs),
    ]
