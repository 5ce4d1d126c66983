"""CT reports as documents: MDM^T01 to T11. TXA-12 is the report's number, TXA-13 its parent's.

T06 adds to the parent, T10 replaces it (the parent is then withdrawn), T11 cancels; T01, T03, T05, T07 and T09 carry no
text and tell a status only.
"""

from services.clinical.facts import Fact, Standing, state
from services.clinical.statements import ReportStatus
from services.report_normalizer.examination import Examination, ct_examination, says_other
from services.report_normalizer.hl7v2.patient import patient_of
from services.report_normalizer.hl7v2.segments import Message, Segment
from services.report_normalizer.hl7v2.standing import document_standing
from services.report_normalizer.hl7v2.text import coded_results, report_text, statuses
from services.report_normalizer.hl7v2.times import read_time
from services.report_normalizer.reasons import IgnoredCode, InvalidCode, NotOurs, Rejected
from services.report_normalizer.said_report import SaidReport, report_facts
from services.report_normalizer.source import Source

TRIGGERS = frozenset(f"T{number:02d}" for number in range(1, 12))


def document_facts(message: Message, source: Source) -> list[Fact]:
    """What a document message says of a CT report."""
    trigger = message.type[1]
    if trigger not in TRIGGERS:
        raise NotOurs(IgnoredCode.MESSAGE_TYPE_NOT_USED)
    document = message.first("TXA")
    if document is None:
        raise Rejected(InvalidCode.SEGMENT_MISSING, "TXA")
    observations = tuple(message.all("OBX"))
    orders = tuple(message.all("OBR"))
    examined = _examination(document, orders, observations)
    if examined is None:
        raise NotOurs(IgnoredCode.NOT_A_CT_REPORT)
    text = report_text(observations, source.sites.language(source.sender.site), source)
    standing, reason = document_standing(
        document.value(17), document.value(19), trigger, statuses(observations), source
    )
    site, patient_id = patient_of(message, source)
    own = source.required(document.value(12), InvalidCode.REPORT_NOT_IDENTIFIED, "TXA-12")
    parent = source.optional(document.value(13)) or own
    performed = document.value(4) or next((o.value(7) for o in orders if o.value(7)), "")
    observed = next((x.value(14) for x in observations if x.value(14)), "")
    signed = document.value(22, 15) or document.value(8)
    issued = next((o.value(22) for o in orders if o.value(22)), signed)
    said = SaidReport(
        site=site,
        report=parent if trigger in ("T05", "T06") else own,
        patient_id=patient_id,
        standing=standing,
        reason=reason,
        text=text,
        performed=read_time(source, performed or observed),
        regions=examined.regions,
        contrast=examined.contrast,
        coded=coded_results(observations),
        accession=_accession(document, orders, observations, source),
        issued=source.instant(read_time(source, issued)),
        sent=source.instant(read_time(source, message.header.value(7))),
        adds=trigger == "T06",
    )
    facts = report_facts(said, source)
    if trigger in ("T09", "T10") and parent != own and standing is not Standing.WITHDRAWN:
        replaced = ReportStatus(site, parent, patient_id, "cancelled")
        facts.append(state(replaced, Standing.WITHDRAWN, issued=said.issued, sent=said.sent))
    return facts


def _examination(
    document: Segment, orders: tuple[Segment, ...], observations: tuple[Segment, ...]
) -> Examination | None:
    """The CT that the document is on. A status without any code may be any report's: it is taken."""
    named = [(o, 4) for o in orders] + [(document, 2), (document, 16)] + [(x, 3) for x in observations]
    codes = [segment.value(field, part) for segment, field in named for part in (1, 4)]
    names = [segment.value(field, part) for segment, field in named for part in (2, 5)]
    if not orders and not observations:
        names.append(document.value(2))
    modalities = [o.value(24) for o in orders if o.value(24)]
    found = ct_examination([c for c in codes if c], [n for n in names if n], modalities)
    if found or observations or orders:
        return found
    kinds = [document.value(2)] if document.value(2) else []
    return None if says_other(kinds) else Examination()


def _accession(
    document: Segment, orders: tuple[Segment, ...], observations: tuple[Segment, ...], source: Source
) -> str | None:
    """The procedure that the document names: our own OBX, the parent order, or OBR-18."""
    for observation in observations:
        if observation.value(3).upper() == "PROCEDURE_ACCESSION" and observation.value(5):
            return source.optional(observation.value(5))
    for order in orders:
        if order.value(29, 2) or order.value(18):
            return source.optional(order.value(29, 2) or order.value(18))
    return None
