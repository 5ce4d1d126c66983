"""CT reports as results: ORU^R01 and its like. Groups of other examinations are passed over."""

from services.clinical.facts import Fact, Standing
from services.report_normalizer.examination import Examination, ct_examination, says_other
from services.report_normalizer.hl7v2.groups import OrderGroup, merge_same_report, order_groups
from services.report_normalizer.hl7v2.patient import patient_of
from services.report_normalizer.hl7v2.procedure import is_cryoablation, procedure_fact
from services.report_normalizer.hl7v2.segments import Message
from services.report_normalizer.hl7v2.standing import report_standing
from services.report_normalizer.hl7v2.text import coded_results, report_text, statuses
from services.report_normalizer.hl7v2.times import read_time
from services.report_normalizer.reasons import IgnoredCode, InvalidCode, NotOurs
from services.report_normalizer.said_report import SaidReport, report_facts
from services.report_normalizer.source import Source


def result_facts(message: Message, source: Source) -> list[Fact]:
    """What a result message says: CT reports, and cryoablations that it documents."""
    facts: list[Fact] = []
    set_aside: NotOurs | None = None
    for groups in merge_same_report(order_groups(message)):
        try:
            if any(is_cryoablation(group) for group in groups):
                facts += [procedure_fact(message, group, source) for group in groups if is_cryoablation(group)]
            else:
                facts += _report(message, groups, source)
        except NotOurs as reason:
            set_aside = set_aside or reason
    if not facts:
        raise set_aside or NotOurs(IgnoredCode.NOT_A_CT_REPORT)
    return facts


def _report(message: Message, groups: list[OrderGroup], source: Source) -> list[Fact]:
    observations = tuple(x for group in groups for x in group.observations)
    examined = [e for e in map(_examination, groups) if e]
    status = next((g.order.value(25) for g in groups if g.order.value(25)), "")
    unnamed = not any(g.codes or g.names for g in groups) and not any(says_other(_modality(g)) for g in groups)
    site_language = source.sites.language(source.sender.site)
    text = report_text(observations, site_language, source) if examined else ""
    if not examined and not unnamed:
        raise NotOurs(IgnoredCode.NOT_A_CT_REPORT)
    standing, reason = report_standing(status, statuses(observations), bool(text), source)
    if not examined and standing is not Standing.WITHDRAWN:
        raise NotOurs(IgnoredCode.NOT_A_CT_REPORT)
    site, patient_id = patient_of(message, source)
    filler = source.required(groups[0].filler, InvalidCode.REPORT_NOT_IDENTIFIED, "OBR-3")
    performed = next((g.order.value(7) for g in groups if g.order.value(7)), "")
    issued = next((g.order.value(22) for g in groups if g.order.value(22)), "")
    contrasts = {e.contrast for e in examined if e.contrast is not None}
    said = SaidReport(
        site=site,
        report=filler,
        patient_id=patient_id,
        standing=standing,
        reason=reason,
        text=text,
        performed=read_time(source, performed),
        regions=tuple(dict.fromkeys(region for e in examined for region in e.regions)),
        contrast=next(iter(contrasts)) if len(contrasts) == 1 else None,
        coded=coded_results(observations) if examined else (),
        accession=_accession(groups, source),
        issued=source.instant(read_time(source, issued)),
        sent=source.instant(read_time(source, message.header.value(7))),
    )
    return report_facts(said, source)


def _modality(group: OrderGroup) -> tuple[str, ...]:
    return tuple(m for m in (group.order.value(24),) if m)


def _examination(group: OrderGroup) -> Examination | None:
    return ct_examination(group.codes, group.names, _modality(group))


def _accession(groups: list[OrderGroup], source: Source) -> str | None:
    """The procedure that the report names: our own OBX, the parent order's filler number, or OBR-18."""
    for group in groups:
        named = group.local("PROCEDURE_ACCESSION")
        parent = group.order.value(29, 2) or (group.common.value(8, 2) if group.common else "")
        found = (named.value(5) if named else "") or parent or group.order.value(18)
        if found:
            return source.optional(found)
    return None
