"""One value of fhir-inbound, a resource or a Bundle, to its outcome."""

import hashlib
from collections.abc import Callable

from services.clinical.facts import Fact
from services.report_normalizer.fhir.bundle import Resources, open_bundle
from services.report_normalizer.fhir.elements import Element, child, load, text
from services.report_normalizer.fhir.encounter import encounter_facts
from services.report_normalizer.fhir.medication import administration_facts
from services.report_normalizer.fhir.patient import patient_facts
from services.report_normalizer.fhir.procedure import procedure_facts
from services.report_normalizer.fhir.report import diagnostic_report_facts
from services.report_normalizer.reasons import IgnoredCode, NotOurs, Rejected, WarningCode
from services.report_normalizer.source import Source
from services.runtime.outcomes import Done, Identity, Ignored, Invalid
from services.runtime.sites import Sites

LONGEST_IDENTITY = 200
_READERS: dict[str, Callable[[Element, Resources, Source, str], list[Fact]]] = {
    "DiagnosticReport": diagnostic_report_facts,
    "Procedure": procedure_facts,
    "MedicationAdministration": administration_facts,
    "Encounter": encounter_facts,
    "Patient": patient_facts,
}


def outcome(value: bytes, sender: str | None, sites: Sites) -> Done[Fact] | Ignored | Invalid:
    """What the value amounts to. ``sender`` is the name under which the intake or the producer knows the system.

    A Bundle stands and falls together: an entry that is refused refuses it.
    """
    try:
        root = load(value)
    except Rejected as reason:
        return Invalid(reason.code.value, reason.where)
    name = _printable(sender or text(child(root, "meta"), "source")) or "fhir"
    identity = _identity(root, value, name)
    source = Source(sites.sender(name, name.partition("|")[2]), sites)
    facts: list[Fact] = []
    set_aside: NotOurs | None = None
    try:
        resources = open_bundle(root)
        for entry in resources.entries:
            if entry.deletes:
                source.warn(WarningCode.DELETION_NOT_USED)
                continue
            reader = _READERS.get(text(entry.resource, "resourceType"))
            try:
                if reader is None:
                    raise NotOurs(IgnoredCode.RESOURCE_TYPE_NOT_USED)
                facts += reader(entry.resource, resources, source, entry.where)
            except NotOurs as reason:
                set_aside = set_aside if set_aside and reader is None else reason
    except Rejected as reason:
        return Invalid(reason.code.value, reason.where, identity)
    if not facts:
        return Ignored(set_aside.code.value if set_aside else IgnoredCode.EMPTY_BATCH.value, identity)
    return Done(tuple(facts), identity, tuple(w.value for w in source.warnings))


def _identity(root: Element, value: bytes, name: str) -> Identity:
    """Control id: type, id, and version, else update time, else content."""
    kind, meta = text(root, "resourceType"), child(root, "meta")
    content = hashlib.sha256(value).hexdigest()[:32]
    version = text(meta, "versionId") or text(meta, "lastUpdated") or content
    control_id = f"{kind}/{text(root, 'id')}/{version}"[:LONGEST_IDENTITY]
    return Identity(name[:LONGEST_IDENTITY], control_id, content, kind[:LONGEST_IDENTITY])


def _printable(name: str) -> str:
    return "".join(c for c in name if c.isprintable())
