"""The narrative: what a person reads when an EHR shows the resource. XHTML, every piece of text escaped."""

from collections.abc import Iterable, Sequence
from html import escape

from services.clinical.events.adverse_event import AdverseEvent, Grade, Timing
from services.fhir_gateway.codes import codes
from services.fhir_gateway.edition import Edition, Withdrawal
from services.fhir_gateway.elements import Json, clean, title
from services.fhir_gateway.hospital import Hospital
from services.fhir_gateway.times import words

_TIMING = {
    Timing.WITHIN_24H: "within 24 hours of the procedure, or on the follow-up CT",
    Timing.DELAYED: "delayed: after 24 hours, within 30 days",
    Timing.UNDECIDED: "undecided whether within 24 hours",
}
_WITHDRAWAL = {
    Withdrawal.NOT_SHOWN: "The reports and records no longer show this event.",
    Withdrawal.ONLY_POSSIBLE: "The reports and records leave it open whether this event happened.",
    Withdrawal.REJECTED: "A reviewer rejected this event.",
}


def narrative(edition: Edition, sentences: Sequence[str | None], hospital: Hospital) -> Json:
    """Narrative of a live or withdrawn version. ``extensions``: it says what the extensions say, too."""
    event, reason = edition.event, edition.withdrawal
    paragraphs = _withdrawn(event, reason, hospital) if reason else _live(event, sentences, hospital)
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return {"status": "extensions", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{body}</div>'}


def _text(value: str) -> str:
    return escape(clean(value), quote=False)


def _withdrawn(event: AdverseEvent, reason: Withdrawal, hospital: Hospital) -> list[str]:
    return [
        f"<b>Withdrawn.</b> {_WITHDRAWAL[reason]} It must not be treated as valid.",
        f"It was published as: {_text(title(event))}, {_of_procedure(event, hospital)}.",
    ]


def _of_procedure(event: AdverseEvent, hospital: Hospital) -> str:
    start = event.procedure_start
    when = f" of {_text(words(start, hospital.zone(event.site)))}" if start else ""
    return f"after cryoablation {_text(event.accession)}{when}"


def _live(event: AdverseEvent, sentences: Sequence[str | None], hospital: Hospital) -> list[str]:
    zone = hospital.zone(event.site)
    place = codes().place(event.place, event.compartment)
    details = [d for d in (place.text.lower() if place else "", event.severity or "") if d]
    head = f"<b>{_text(title(event))}</b>" + (f" ({_text(', '.join(details))})" if details else "")
    lines = [
        f"{head}, {_of_procedure(event, hospital)}.",
        f"First shown or treated {_text(words(event.onset, zone))}; {_TIMING[event.timing]}.",
        *(_grade(grade) for grade in event.grades),
    ]
    if event.management:
        done = dict.fromkeys(codes().care(m.care).text for m in event.management)
        lines.append(f"Treatment: {_text(', '.join(done))}.")
    if event.preliminary:
        lines.append("Only preliminary reports show it so far.")
    return [*lines, *_quotes(sentences)]


def _grade(grade: Grade) -> str:
    marks = [m for m, there in (("provisional", grade.provisional), ("adjudicated", grade.adjudicated)) if there]
    known = f"{grade.scale} grade {grade.grade}" + (f" ({', '.join(marks)})" if marks else "")
    return f"{_text(known)} by {_text(grade.ruleset)} version {_text(grade.version)}: {_text(grade.words)}"


def _quotes(sentences: Iterable[str | None]) -> list[str]:
    return [f"Report: “{_text(sentence)}”" for sentence in dict.fromkeys(s for s in sentences if s)]
