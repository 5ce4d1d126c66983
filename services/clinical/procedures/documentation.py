"""One procedure as its sources document it: the information system's word first, field by field, then the console's."""

from dataclasses import dataclass, replace
from datetime import timedelta

from services.clinical.facts import Fact, FactKind
from services.clinical.moments import Moment, at
from services.clinical.procedures.record import RecordedLesion
from services.clinical.statements import ConsoleHeader, Lesion, ProcedureStatement, TreatmentSummary
from services.clinical.versions import current, versions


@dataclass(frozen=True, slots=True)
class Documented:
    """A procedure's joined documentation. ``status`` is documented, withdrawn, or unmatched (a console alone)."""

    procedure: str
    status: str
    statement: ProcedureStatement | None
    start: Moment | None
    end: Moment | None
    gauge: str | None
    positions: int | None
    coolant: str | None
    device: str | None
    lesions: tuple[RecordedLesion, ...]
    treatments: tuple[TreatmentSummary, ...]
    review: tuple[str, ...]

    @property
    def treated(self) -> bool | None:
        """Whether any lesion was frozen; None when neither source says so."""
        known = {lesion.treated for lesion in self.lesions}
        if True in known:
            return True
        return None if None in known or not known else False


def documented(name: str, kinds: dict[FactKind, list[list[Fact]]]) -> Documented:
    """Join the facts of one procedure. RIS and console are matched by accession: they name the same procedure."""
    said, withdrawn = _statement([f for same in kinds.get(FactKind.PROCEDURE, []) for f in same])
    headers = [v.fact.statement for v in map(current, kinds.get(FactKind.CONSOLE_HEADER, [])) if not v.withdrawn]
    consoles = [h for h in headers if isinstance(h, ConsoleHeader)]
    summaries = [current(same).fact.statement for same in kinds.get(FactKind.TREATMENT_SUMMARY, [])]
    treatments = tuple(s for s in summaries if isinstance(s, TreatmentSummary))
    start = said.start if said and said.start else min((h.started for h in consoles if h.started), default=None)
    end = said.end if said and said.end else max((h.ended for h in consoles if h.ended), default=None)
    if end is None and treatments and all(t.done for t in treatments):
        end = at(max(t.last_at for t in treatments))
    if start is None and treatments:
        start = at(min(t.first_at for t in treatments))
    review = []
    if start and end and end.latest < start.earliest:
        start, end, review = None, None, ["ends_before_it_starts"]
    if end and start and end.earliest - start.latest > timedelta(hours=24):
        review.append("longer_than_a_day")
    lesions = tuple(_lesion(lesion, treatments, end) for lesion in said.lesions) if said else ()
    if any(lesion.treated is None for lesion in lesions) and end:
        review.append("treatment_not_established")

    def first(field: str) -> object:
        values = [getattr(s, field) for s in ([said] if said else []) + consoles]
        return next((v for v in values if v is not None), None)

    return Documented(
        procedure=name,
        status="withdrawn" if withdrawn else "documented" if said else "unmatched",
        statement=said,
        start=start,
        end=end,
        gauge=first("gauge"),  # type: ignore[arg-type]  # fields of that name have that type
        positions=first("positions"),  # type: ignore[arg-type]
        coolant=first("coolant"),  # type: ignore[arg-type]
        device=first("device"),  # type: ignore[arg-type]
        lesions=lesions,
        treatments=treatments,
        review=tuple(sorted(review)),
    )


def _statement(facts: list[Fact]) -> tuple[ProcedureStatement | None, bool]:
    """The statement with gaps filled from lower versions: a message changes only what it carries."""
    ranked = versions(facts)
    if not ranked:
        return None, False
    standing = [v.fact.statement for v in ranked if not v.withdrawn]
    joined: ProcedureStatement | None = None
    for statement in reversed(standing):
        assert isinstance(statement, ProcedureStatement)
        if joined is None:
            joined = statement
            continue
        gaps = {
            field: getattr(statement, field)
            for field in ProcedureStatement.__slots__
            if getattr(joined, field) in (None, ()) and getattr(statement, field) not in (None, ())
        }
        joined = replace(joined, **gaps)
    return joined, ranked[-1].withdrawn


def _lesion(lesion: Lesion, treatments: tuple[TreatmentSummary, ...], end: Moment | None) -> RecordedLesion:
    treated: bool | None
    if lesion.abandoned:
        treated = False
    elif treatments:
        treated = True if any(t.treated for t in treatments) else None
    else:
        treated = True if end else None
    return RecordedLesion(
        lesion.number,
        treated,
        lesion.organ,
        lesion.location,
        lesion.side,
        lesion.size_mm,
        lesion.pleura_mm,
        lesion.abandoned_reason,
    )
