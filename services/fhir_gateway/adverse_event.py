"""An edition of an adverse event as the FHIR resource of a release: a pure function, checked by that release's model.

What FHIR's own documents ask for, and where it is kept:

- R4 and R5 name the same things differently and disagree on what is a list: each has a file of its own.
- R4's severity and outcome hold exactly one coding, since servers that validate refuse any other beside it.
- A withdrawn version stays readable under its id, without severity, outcome, grades and evidence. R4 marks it by the
  only element that no reader may overlook, a modifierExtension (HL7's cross-version one for R5's status); R5 by
  status entered-in-error. A live version has no modifierExtension: readers would have to refuse it.
- Sentences of reports are passed in, and only for readers who may see them.
"""

from collections.abc import Sequence
from functools import cache

from fhir.resources.adverseevent import AdverseEvent as R5Model
from fhir.resources.R4B.adverseevent import AdverseEvent as R4Model

from services.fhir_gateway import r4, r5
from services.fhir_gateway.edition import Edition
from services.fhir_gateway.elements import EVENT_IDENTIFIER, STATE_SYSTEM, Json, identifier
from services.fhir_gateway.hospital import Hospital
from services.fhir_gateway.narrative import narrative
from services.fhir_gateway.release import Release
from services.fhir_gateway.times import instant

_MODELS: dict[Release, type[R4Model] | type[R5Model]] = {Release.R4: R4Model, Release.R5: R5Model}
_WRITERS = {Release.R4: r4.elements, Release.R5: r5.elements}
WITHDRAWN_TAG = {"system": STATE_SYSTEM, "code": "withdrawn", "display": "Withdrawn"}


def resource(edition: Edition, sentences: Sequence[str | None], hospital: Hospital, release: Release) -> Json:
    """The resource, its elements in FHIR's order. ``sentences`` is empty, or has one entry per evidence."""
    event = edition.event
    meta: Json = {"versionId": edition.version, "lastUpdated": instant(edition.published_at)}
    if edition.withdrawal:
        meta["tag"] = [WITHDRAWN_TAG]
    written = {
        "id": event.id,
        "meta": meta,
        "text": narrative(edition, sentences, hospital),
        **_WRITERS[release](edition, identifier(EVENT_IDENTIFIER, event.id), sentences, hospital),
    }
    _MODELS[release].model_validate(written)
    return {"resourceType": "AdverseEvent"} | {name: written[name] for name in _order(release) if name in written}


@cache
def _order(release: Release) -> tuple[str, ...]:
    return tuple(_MODELS[release].elements_sequence())


@cache
def summary_elements(release: Release) -> frozenset[str]:
    """The elements that FHIR marks as summary in that release."""
    return frozenset(_MODELS[release].summary_elements_sequence())
