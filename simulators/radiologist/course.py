"""The course of complications from CT to CT, as one run tells it."""

from dataclasses import dataclass
from random import Random

from simulators.cohort.model import Complication, Finding, Side
from simulators.radiologist.anatomy import exam_for
from simulators.radiologist.statements import Shown, Stage, fill, size_of
from simulators.randomness import stream
from simulators.registry import Hospital, Procedure

_REMARKS = (
    "Old healed fracture of the {side} 7th rib.",
    "History of pulmonary embolism in 2013, treated at the time.",
    'Prior report of 14/03/2015 quoted: "small {side} pleural effusion".',
    "Previous {side} pneumothorax in 2011, healed.",
    "The chest radiograph of 2014 had described a {side} pleural effusion, long since resolved.",
)
_OLDER_EFFUSION_SHARE = 0.07
_REMARK_SHARE = 0.12
_SHOWN_AT_END_SHARE = 0.45


@dataclass(frozen=True, slots=True)
class Course:
    """What each CT of a procedure shows.

    ``older_effusion`` was there before the procedure and didn't grow; ``remark`` is history that must not
    count.
    """

    at_end: tuple[Shown, ...]
    urgent: tuple[Shown, ...]
    at_follow_up: tuple[Shown, ...]
    older_effusion: Side | None
    remark: tuple[str, ...]


class Courses:
    """The courses of all procedures of a hospital in one run."""

    def __init__(self, hospital: Hospital, seed: int) -> None:
        self._seed = seed
        effusions = [
            procedure.accession
            for procedure in hospital.procedures
            if [event.finding for event in procedure.session.complications] == [Finding.PLEURAL_EFFUSION]
        ]
        self._transient = stream(seed, "transient effusion").choice(effusions) if effusions else None

    def of(self, procedure: Procedure) -> Course:
        """The course of one procedure; the same in every call."""
        rng = stream(self._seed, "course", procedure.accession)
        at_end: list[Shown] = []
        urgent: list[Shown] = []
        at_follow_up: list[Shown] = []
        for event in procedure.session.complications:
            transient = procedure.accession == self._transient
            first = self._first_look(rng, event, certain=transient)
            at_end += [first] if first else []
            if event.drained:
                urgent.append(Shown(event.finding, event.side, Stage.FIRST, size_of(rng, event.finding) + 8))
            at_follow_up.append(self._second_look(rng, event, first, transient))
        return Course(
            tuple(at_end),
            tuple(urgent),
            tuple(at_follow_up),
            self._older_effusion(rng, procedure),
            self._remark(rng, procedure),
        )

    def _first_look(self, rng: Random, event: Complication, *, certain: bool) -> Shown | None:
        """What of it the CT at the end of the procedure shows; embolisms come to light at 24 hours only."""
        if event.finding is Finding.PULMONARY_EMBOLISM:
            return None
        if not certain and rng.random() > _SHOWN_AT_END_SHARE:
            return None
        size = max(4, size_of(rng, event.finding) - 5)
        if event.finding is Finding.HYDROPNEUMOTHORAX:
            return Shown(event.finding, event.side, Stage.AIR_ONLY, size)
        if event.finding is Finding.HEMORRHAGIC_EFFUSION and rng.random() < 0.5:
            return Shown(Finding.PLEURAL_EFFUSION, event.side, Stage.FIRST, size)
        return Shown(event.finding, event.side, Stage.FIRST, size)

    def _second_look(self, rng: Random, event: Complication, first: Shown | None, transient: bool) -> Shown:
        size = size_of(rng, event.finding)
        if event.drained:
            return Shown(event.finding, event.side, Stage.DRAINED, size)
        if transient:
            return Shown(event.finding, event.side, Stage.GONE, size)
        again = first is not None and first.stage is not Stage.AIR_ONLY
        return Shown(event.finding, event.side, Stage.AGAIN if again else Stage.FIRST, size)

    def _older_effusion(self, rng: Random, procedure: Procedure) -> Side | None:
        wanted = rng.random() < _OLDER_EFFUSION_SHARE
        plain = not procedure.session.complications and procedure.session.treated
        if not wanted or not plain or len(procedure.patient.sessions) > 1:
            return None
        return Side(rng.choice(("left", "right"))) if exam_for(procedure.lesions).chest else None

    def _remark(self, rng: Random, procedure: Procedure) -> tuple[str, ...]:
        wanted = rng.random() < _REMARK_SHARE
        sentence = fill(rng.choice(_REMARKS), side=rng.choice(("left", "right")))
        return (sentence,) if wanted and not procedure.session.complications else ()
