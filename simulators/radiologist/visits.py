"""The CT examinations of one procedure: before, at its end, urgently, at 24 hours, and weeks later."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random

from simulators.cohort.model import Finding, Side
from simulators.radiologist.anatomy import CHEST, CHEST_PLAIN, exam_for, lesion_name
from simulators.radiologist.course import Courses
from simulators.radiologist.report import CtReport, Purpose, ReportText
from simulators.radiologist.statements import Shown, Stage, care_sentence
from simulators.radiologist.study import View, compose
from simulators.randomness import stream
from simulators.registry import Hospital, Procedure

RADIOLOGISTS = (
    "Dr. M. Nicolò",
    "Dr. A. Bellè",
    "Dr. F. Conti",
    "Dott.ssa G. Però",
    "Dr. S. Weiß",
    "Dr. P. Vàlli",
)
_DELAY_MINUTES = {
    Purpose.BASELINE: (60, 1500),
    Purpose.END: (15, 150),
    Purpose.URGENT: (10, 40),
    Purpose.FOLLOW_UP: (20, 240),
    Purpose.LATE: (60, 1500),
}
_NAMES_PROCEDURE = {Purpose.END: 0.6, Purpose.URGENT: 0.5, Purpose.FOLLOW_UP: 0.5}
_LATE_SHARES = ((0.6, 33, 42), (0.3, 88, 100))


@dataclass(frozen=True, slots=True)
class Visit:
    """One CT as it was reported, with the view behind it so that a wrong draft can be made of it."""

    report: CtReport
    view: View
    procedure: Procedure
    baseline_at: datetime

    def retold(self, rng: Random, shown: tuple[Shown, ...]) -> ReportText:
        """The text as somebody would have written it who saw something else."""
        view = replace(self.view, shown=shown, care=())
        return compose(rng, view, self.baseline_at)


class Visits:
    """Makes the CT visits of all procedures, numbering the reports as the department does."""

    def __init__(self, hospital: Hospital, seed: int) -> None:
        self._seed = seed
        self._courses = Courses(hospital, seed)
        self._serial = count(10_000)

    def of(self, procedure: Procedure, *, care_in_text: bool) -> Iterator[Visit]:
        """The visits of one procedure in the order of the examinations."""
        rng = stream(self._seed, "visits", procedure.accession)
        course = self._courses.of(procedure)
        same_day = rng.random() < 0.3
        lead = rng.choice((35, 50)) if same_day else rng.randint(1500, 32000)
        baseline_at = procedure.start - timedelta(minutes=lead)
        view = self._view(procedure, Purpose.BASELINE)
        older = course.older_effusion

        def visit(view: View, performed: datetime) -> Visit:
            return self._visit(rng, procedure, replace(view, older_effusion=older), performed, baseline_at)

        yield visit(view, baseline_at)
        view = replace(view, purpose=Purpose.END, shown=course.at_end, extra=course.remark)
        yield visit(view, procedure.end + timedelta(minutes=rng.randint(-6, 12)))
        if course.urgent:
            view = replace(view, purpose=Purpose.URGENT, shown=course.urgent, extra=(), exam=CHEST)
            yield visit(view, procedure.end + timedelta(minutes=rng.randint(170, 330)))
        care = self._care(rng, procedure, course.at_follow_up, care_in_text=care_in_text)
        view = self._view(procedure, Purpose.FOLLOW_UP)
        yield visit(replace(view, shown=course.at_follow_up, care=care), procedure.follow_up)
        older = None
        for likelihood, first, last in _LATE_SHARES:
            if rng.random() < likelihood:
                performed = procedure.end + timedelta(days=rng.randint(first, last), minutes=rng.randint(-200, 200))
                yield visit(self._late_view(rng, procedure), performed)

    def _view(self, procedure: Procedure, purpose: Purpose) -> View:
        names = tuple(lesion_name(lesion, procedure.accession) for lesion in procedure.lesions)
        return View(purpose, exam_for(procedure.lesions), procedure.lesions, names)

    def _late_view(self, rng: Random, procedure: Procedure) -> View:
        """Weeks later: what is new now has nothing to do with the first 24 hours."""
        view = self._view(procedure, Purpose.LATE)
        shown: tuple[Shown, ...] = ()
        if view.exam.chest and rng.random() < 0.4:
            events = procedure.session.complications
            side = events[0].side.other if events else Side(rng.choice(("left", "right")))
            shown = (Shown(Finding.PLEURAL_EFFUSION, side, Stage.FIRST, rng.randint(6, 14)),)
        ribs = any(lesion.location == "rib" and not lesion.abandoned for lesion in procedure.lesions)
        extra = (
            ("Non-displaced fracture of the treated rib, not present before.",) if ribs and rng.random() < 0.4 else ()
        )
        return replace(view, shown=shown, extra=extra)

    def _care(
        self, rng: Random, procedure: Procedure, shown: tuple[Shown, ...], *, care_in_text: bool
    ) -> tuple[str, ...]:
        sentences: list[str] = []
        for event, seen in zip(procedure.session.complications, shown, strict=True):
            told = care_in_text if event.care else seen.pleural and seen.stage is not Stage.GONE and rng.random() < 0.4
            sentences += [care_sentence(rng, event)] if told else []
        return tuple(sentences)

    def _visit(
        self, rng: Random, procedure: Procedure, view: View, performed: datetime, baseline_at: datetime
    ) -> Visit:
        plain = view.exam is CHEST and view.purpose is Purpose.BASELINE and rng.random() < 0.3
        view = replace(view, exam=CHEST_PLAIN) if plain else view
        serial = next(self._serial)
        performed = performed.replace(second=0, microsecond=0)
        days_before = (procedure.start - performed).days
        by_day = view.purpose in (Purpose.BASELINE, Purpose.LATE) and abs(days_before) > 2 and rng.random() < 0.15
        issued = performed + timedelta(minutes=rng.randint(*_DELAY_MINUTES[view.purpose]))
        named = rng.random() < _NAMES_PROCEDURE.get(view.purpose, 0.0)
        report = CtReport(
            filler=f"CT{performed:%y}-{serial:06d}",
            placer=f"ORD{serial:07d}",
            purpose=view.purpose,
            exam=view.exam,
            performed=performed,
            issued=issued,
            text=compose(rng, view, baseline_at),
            radiologist=rng.choice(RADIOLOGISTS),
            accession=procedure.accession if named else None,
            performed_precision="day" if by_day else "minute",
        )
        return Visit(report, view, procedure, baseline_at)
