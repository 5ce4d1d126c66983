"""Which version of a CT report stands, and for which patient: corrections, addenda, withdrawals, moves and merges."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.clinical.canonical import digest
from services.clinical.facts import Fact, FactKind, Standing
from services.clinical.identifiers import patient_name, report_name
from services.clinical.merges import Merges
from services.clinical.statements import ReportAddendum, ReportBody, ReportStatus
from services.clinical.versions import Version, current, unordered_reissue, versions

REPORT_KINDS = (FactKind.REPORT_BODY, FactKind.REPORT_ADDENDUM, FactKind.REPORT_STATUS)
REISSUED, SUPERSEDED, UNREAD = "reissued_after_withdrawal", "addendum_superseded", "correction_not_read"


@dataclass(frozen=True, slots=True)
class StandingReport:
    """A report that stands for a patient. ``doubtful`` caps what it shows at possible."""

    report: str
    patient: str
    body: ReportBody
    text: str
    standing: Standing
    doubtful: bool
    review: tuple[str, ...]
    past: tuple[tuple[str, datetime | None], ...]


@dataclass(frozen=True, slots=True)
class _Said:
    """What is said of a report under one patient: the version that decides, and the report unless it is withdrawn."""

    top: Version
    report: StandingReport | None


def standing_reports(facts: Iterable[Fact], merges: Merges) -> tuple[StandingReport, ...]:
    """Every report as it stands, for the patient that it stands for."""
    by_report: dict[str, dict[str, list[Fact]]] = {}
    for fact in facts:
        s = fact.statement
        assert isinstance(s, ReportBody | ReportAddendum | ReportStatus)
        numbers = by_report.setdefault(report_name(s.site, s.report), {})
        numbers.setdefault(patient_name(s.site, s.patient_id), []).append(fact)
    standing = []
    for name, numbers in sorted(by_report.items()):
        said = [one for p, facts in _by_patient(numbers, merges) if (one := _said(name, p, facts))]
        found = _latest(said)
        if found is not None:
            standing.append(found)
    return tuple(standing)


def _latest(said: Sequence[_Said]) -> StandingReport | None:
    """What was said last counts: a report that moved and was then withdrawn doesn't fall back to where it was.

    Sent again under another number after that, with nothing that orders the two, it is in doubt as under the same one.
    """
    if not said:
        return None
    last = max(said, key=lambda one: one.top.rank)
    if last.report is not None:
        return last.report
    again = [_in_doubt(one.report) for one in said if one.report and (one.report.doubtful or _later(one.top, last.top))]
    return max(again, key=lambda report: report.patient, default=None)


def _later(told: Version, withdrawn: Version) -> bool:
    sent = told.last_sent
    return told.fact.issued is None and sent is not None and withdrawn.at is not None and sent > withdrawn.at


def _in_doubt(report: StandingReport) -> StandingReport:
    return replace(report, doubtful=True, review=tuple(sorted({*report.review, REISSUED})))


def _by_patient(numbers: dict[str, list[Fact]], merges: Merges) -> list[tuple[str, list[Fact]]]:
    """A report's facts by surviving patient.

    Facts under a number from which the report was taken as another patient's are left out, before a merge could mix
    them with the right ones; what other numbers held that had been merged into it by then is withdrawn with them. Any
    other withdrawal under a number that never held the report (a merge that wasn't announced) speaks of the report
    wherever it is.
    """
    stray: list[Fact] = []
    moved: dict[str, list[Fact]] = {}
    left_out: set[str] = set()
    for number, facts in sorted(numbers.items()):
        statuses = versions([f for f in facts if f.kind is FactKind.REPORT_STATUS])
        if not statuses or not statuses[-1].withdrawn:
            continue
        top = statuses[-1]
        held = any(f.kind is FactKind.REPORT_BODY for f in facts)
        reason = top.fact.statement.reason if isinstance(top.fact.statement, ReportStatus) else None
        if reason == "wrong_patient" and len(numbers) > 1:
            for other in numbers:
                if other != number and merges.merged(other, number, top.at):
                    moved.setdefault(other, []).append(top.fact)
            if not unordered_reissue(statuses):
                left_out.add(number)
        elif not held:
            stray += facts
            left_out.add(number)
    surviving = merges.surviving()
    pooled: dict[str, list[Fact]] = {}
    for number, facts in sorted(numbers.items()):
        if number not in left_out:
            pooled.setdefault(surviving.get(number, number), []).extend([*facts, *moved.get(number, ())])
    return [(patient, [*facts, *stray]) for patient, facts in sorted(pooled.items())]


def _body(ranked: Sequence[Version]) -> ReportBody:
    """The body that counts. A message changes only what it carries: the rest is what was said before.

    A message with codes and no text leaves the text alone. Codes are those of the highest version and of equal text
    issued with it: the same report may come from two systems, one of which sends none.
    """
    said = [v.fact.statement for v in ranked if isinstance(v.fact.statement, ReportBody)]
    top = said[-1]
    spoken = next((s for s in reversed(said) if s.text), top)
    telling = [(s, v) for s, v in zip(said, ranked, strict=True) if s.text or s.coded] or [(top, ranked[-1])]
    together = [s for s, v in telling if v.at == telling[-1][1].at and s.text in ("", spoken.text)]
    coded = sorted({code for s in together for code in s.coded}, key=digest)
    order = [spoken, *reversed(said)]
    return replace(
        spoken,
        coded=tuple(coded),
        performed=next((s.performed for s in order if s.performed), None),
        accession=next((s.accession for s in order if s.accession), None),
        regions=next((s.regions for s in order if s.regions), ()),
    )


def _said(name: str, patient: str, facts: list[Fact]) -> _Said | None:
    """The report as it stands for that patient; None when it has no body yet."""
    kinds: dict[FactKind, list[Fact]] = {}
    for fact in facts:
        kinds.setdefault(fact.kind, []).append(fact)
    bodies = [v for v in versions(kinds.get(FactKind.REPORT_BODY, [])) if not v.withdrawn]
    statuses = versions(kinds.get(FactKind.REPORT_STATUS, []))
    if not bodies:
        return None
    timeless = bool(statuses) and not statuses[-1].withdrawn and any(v.withdrawn and v.at is None for v in statuses)
    reissued = timeless or (bool(statuses) and unordered_reissue(statuses))
    top = statuses[-1] if statuses else bodies[-1]
    if top.withdrawn and not reissued:
        return _Said(top, None)
    body = _body(bodies)
    unread = _unread(bodies)
    addenda, superseded = _addenda(kinds.get(FactKind.REPORT_ADDENDUM, []), bodies, body.text)
    added = [s.text for v in addenda if isinstance(s := v.fact.statement, ReportAddendum)]
    standing = bodies[-1].fact.standing
    if standing is Standing.PRELIMINARY and statuses and statuses[-1].fact.standing is not Standing.WITHDRAWN:
        standing = statuses[-1].fact.standing
    said = [(v.fact.statement, v.at) for v in (*bodies, *addenda)]
    past = tuple((s.text, at) for s, at in said if isinstance(s, ReportBody | ReportAddendum))
    review = tuple(sorted([REISSUED] * reissued + [SUPERSEDED] * superseded + [UNREAD] * unread))
    text = "\n".join([body.text, *added])
    return _Said(top, StandingReport(name, patient, body, text, standing, reissued or unread, review, past))


_FIRMNESS = (Standing.PRELIMINARY, Standing.FINAL, Standing.CORRECTED)


def _unread(bodies: Sequence[Version]) -> bool:
    """Whether a firmer version came as a file that isn't read: what was read before may be what it takes back.

    A file of the same standing is taken for a copy.
    """
    said = [(v.fact.standing, v.fact.statement) for v in bodies]
    standing, top = said[-1]
    if not isinstance(top, ReportBody) or top.text or top.coded:
        return False
    spoken = [standing for standing, s in said if isinstance(s, ReportBody) and (s.text or s.coded)]
    return bool(spoken) and _FIRMNESS.index(standing) > max(map(_FIRMNESS.index, spoken))


def _addenda(facts: Iterable[Fact], bodies: Sequence[Version], text: str) -> tuple[list[Version], bool]:
    """The addenda that count, oldest first, and whether others don't: a body that was first said after them.

    When they say when they were issued that decides, else when they were sent; one that is sent again was meant.
    """
    by_id: dict[str, list[Fact]] = {}
    for fact in facts:
        by_id.setdefault(fact.id, []).append(fact)
    addenda = sorted((v for v in map(current, by_id.values()) if not v.withdrawn), key=lambda v: v.rank)
    same = [v for v in bodies if isinstance(s := v.fact.statement, ReportBody) and _letters(s.text) == _letters(text)]
    issued = min((v.at for v in same if v.fact.issued and v.at), default=None)
    sent = min((at for v in same if (at := v.fact.sent or v.at)), default=None)

    def later(addendum: Version) -> bool:
        since, at = (issued, addendum.at) if addendum.fact.issued else (sent, addendum.last_sent)
        return since is None or at is None or at >= since

    counting = [v for v in addenda if later(v)]
    return counting, len(counting) < len(addenda)


def _letters(text: str) -> str:
    """What is left of a text in any layout."""
    return "".join(c for c in text.casefold() if c.isalnum())
