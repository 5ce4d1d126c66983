"""Which patient a message speaks of: PID-3, or the repetitions of it that are usable."""

from services.report_normalizer.hl7v2.segments import Message, Segment
from services.report_normalizer.reasons import InvalidCode, Rejected
from services.report_normalizer.source import Source


def patient_of(message: Message, source: Source) -> tuple[str, str]:
    """Site and patient number of the message's first PID."""
    pid = message.first("PID")
    if pid is None:
        raise Rejected(InvalidCode.PATIENT_NOT_IDENTIFIED, "PID-3")
    return number_in(pid, 3, source, InvalidCode.PATIENT_NOT_IDENTIFIED, "PID-3")


def number_in(segment: Segment, field: int, source: Source, missing: InvalidCode, where: str) -> tuple[str, str]:
    """Site and number in a field of type CX: the sender's own site first, then type MR, then the first that has any."""
    best: tuple[tuple[bool, bool, bool, bool], str, str] | None = None
    for repetition in segment.repetitions(field):
        number = segment.part(repetition, 1)
        authority, kind = segment.part(repetition, 4), segment.part(repetition, 5).upper()
        own = bool(authority) and authority == source.sender.site
        fit = (own, authority in source.sites.sites, kind in ("MR", "PI", "PT"), kind == "MR")
        if number and (best is None or fit > best[0]):
            best = (fit, number, authority)
    _, number, authority = best or ((False, False, False, False), "", "")
    return source.site(authority, where), source.required(number, missing, where)
