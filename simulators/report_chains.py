"""The life of a report before its last version: drafts, corrections, withdrawals, other patients' reports.

Whatever happens on the way, the last version of every report says the truth, and a report that should never
have been sent is withdrawn. Every version of a chain says when it was issued, later ones later.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from simulators.cohort.model import Finding, Side
from simulators.message import Message
from simulators.radiologist.report import Purpose, ReportText
from simulators.radiologist.statements import Shown, Stage, size_of
from simulators.radiologist.visits import Visit
from simulators.randomness import stream
from simulators.registry import Procedure
from simulators.report_writer import Channel, Issue, ReportWriter, Standing

CHAIN_SHARE = 0.45
STRAY_SHARE = 0.08
UNDATED_SHARE = 0.12
BOTH_WAYS_SHARE = 0.05
_FINISHED = (Purpose.END, Purpose.FOLLOW_UP)


class ReportChains:
    """Sends reports as chains of versions. ``faults`` is the dial from 0 (last versions only) to 1."""

    def __init__(self, writer: ReportWriter, seed: int, faults: float, procedures: Sequence[Procedure]) -> None:
        self._writer = writer
        self._seed = seed
        self._faults = faults
        self._procedures = procedures

    def of(self, visit: Visit, mrn: str) -> Iterator[Message]:
        """All messages about one report."""
        rng = stream(self._seed, "chain", visit.report.filler)
        last = Issue(visit.report, visit.procedure.person, mrn, Standing.FINAL, visit.report.issued)
        chained = rng.random() < CHAIN_SHARE * self._faults
        if not chained:
            yield self._writer.write(last, dated=rng.random() > UNDATED_SHARE)
            if self._writer.channel(visit.report) is Channel.RESULT and rng.random() < BOTH_WAYS_SHARE:
                yield self._writer.write(last, channel=Channel.RESOURCE)
        else:
            chain = rng.choice((self._drafted, self._drafted, self._corrected, self._withdrawn_by_mistake, self._moved))
            for issue in chain(rng, visit, last):
                yield self._writer.write(issue)
        if visit.report.purpose is Purpose.FOLLOW_UP and rng.random() < STRAY_SHARE * self._faults:
            for issue in self._stray(rng, visit):
                yield self._writer.write(issue)

    def _drafted(self, rng: Random, visit: Visit, last: Issue) -> Iterator[Issue]:
        """A preliminary report first, right or wrong, then the final one, perhaps issued once more."""
        report = last.report
        early = report.performed + (report.issued - report.performed) * 0.3
        draft = replace(report, text=rng.choice((report.text, self._mistaken(rng, visit))))
        yield replace(last, report=draft, standing=Standing.PRELIMINARY, issued=early)
        yield last
        if rng.random() < 0.2:
            yield replace(last, standing=Standing.CORRECTED, issued=_later(rng, last.issued, 1, 10))

    def _corrected(self, rng: Random, visit: Visit, last: Issue) -> Iterator[Issue]:
        """A final report that is wrong, then its correction."""
        wrong = replace(last.report, text=self._mistaken(rng, visit))
        yield replace(last, report=wrong)
        yield replace(last, standing=Standing.CORRECTED, issued=_later(rng, last.issued, 1, 30))

    def _withdrawn_by_mistake(self, rng: Random, visit: Visit, last: Issue) -> Iterator[Issue]:
        """A right report that is cancelled and issued again."""
        yield last
        cancelled = _later(rng, last.issued, 1, 4)
        yield replace(last, standing=Standing.CANCELLED, issued=cancelled)
        again = rng.choice((Standing.FINAL, Standing.CORRECTED))
        yield replace(last, standing=again, issued=_later(rng, cancelled, 1, 4))

    def _moved(self, rng: Random, visit: Visit, last: Issue) -> Iterator[Issue]:
        """A report that was filed under another patient, withdrawn there and issued under the right one."""
        other = self._other(rng, visit.procedure)
        astray = replace(last, person=other.person, mrn=other.person.mrn)
        yield astray
        withdrawn = _later(rng, last.issued, 1, 4)
        yield replace(astray, standing=Standing.WRONG_PATIENT, issued=withdrawn)
        yield replace(last, issued=_later(rng, withdrawn, 1, 4))

    def _stray(self, rng: Random, visit: Visit) -> Iterator[Issue]:
        """A report of somebody else's complication in this patient's file, taken out again."""
        report = visit.report
        performed = report.performed + timedelta(minutes=rng.randint(-60, 60))
        issued = performed + timedelta(minutes=rng.randint(30, 120))
        side = Side(rng.choice(("left", "right")))
        shown = (Shown(Finding.HYDROPNEUMOTHORAX, side, Stage.FIRST, 18),)
        stray = replace(
            report,
            filler=f"{report.filler}9",
            placer=f"{report.placer}9",
            performed=performed,
            issued=issued,
            text=visit.retold(rng, shown),
        )
        person = visit.procedure.person
        first = Issue(stray, person, person.mrn, Standing.FINAL, issued)
        yield first
        standing = rng.choice((Standing.WRONG_PATIENT, Standing.CANCELLED))
        yield replace(first, standing=standing, issued=_later(rng, issued, 1, 40))

    def _mistaken(self, rng: Random, visit: Visit) -> ReportText:
        """What somebody wrote who overlooked the complication, or saw one where there is none."""
        if visit.report.purpose not in _FINISHED or visit.view.shown:
            return visit.retold(rng, ())
        finding = Finding.PLEURAL_EFFUSION if visit.view.exam.chest else Finding.HEMATOMA
        side = Side(rng.choice(("left", "right")))
        return visit.retold(rng, (Shown(finding, side, Stage.FIRST, size_of(rng, finding)),))

    def _other(self, rng: Random, procedure: Procedure) -> Procedure:
        others = [other for other in self._procedures if other.person.mrn != procedure.person.mrn]
        return rng.choice(others)


def _later(rng: Random, instant: datetime, least_hours: int, most_hours: int) -> datetime:
    return instant + timedelta(minutes=rng.randint(least_hours * 60, most_hours * 60))
