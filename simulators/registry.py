"""The patients as the hospital has them on file, and its procedures with their times.

Made from a cohort and the name of a stream, never from the seed of wording and faults: two runs of the
paper's cohort tell of the same people on the same days in other words.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from simulators.cohort.model import Cohort, Lesion, Patient, Session
from simulators.randomness import digits, stream

FIRST_DAY = date(2017, 4, 4)
LAST_DAY = date(2022, 10, 26)
SESSION_GAP_DAYS = (150, 320)
_FAMILIES = (
    "Rossi", "Bianchi", "Nicolò", "D'Amico", "Però", "Müller", "Colombo", "Ferrari", "Esposito",
    "Ricci", "Gallo", "Conti", "Mancini", "Greco", "Moretti", "Barbieri", "Fontana", "Santoro",
    "Mariani", "Rinaldi", "Caruso", "Ferrara", "Galli", "Martini", "Leone", "Longo", "Gentile",
    "Martinelli", "Vitale", "Lombardo", "Serra", "Coppola", "De Santis", "Forlì",
)  # fmt: skip
_GIVEN = {
    "M": (
        "Marco",
        "Giosuè",
        "Niccolò",
        "Paolo",
        "Luca",
        "André",
        "Franco",
        "Giovanni",
        "Enzo",
        "Bruno",
        "Aldo",
        "Carlo",
    ),
    "F": (
        "Anna",
        "Lucia",
        "Noemi",
        "Chiara",
        "Zoë",
        "Renata",
        "Elena",
        "Paola",
        "Giulia",
        "Carla",
        "Rita",
        "Silvia",
    ),
}


@dataclass(frozen=True, slots=True)
class Site:
    """A hospital: the authority that assigns its numbers, and the zone of its clocks."""

    code: str
    name: str
    zone: ZoneInfo
    consoles: tuple[str, ...]


SITE_OF_COHORT = {
    "paper": Site("IEO", "Istituto Europeo di Oncologia", ZoneInfo("Europe/Rome"), ("IS3-07", "IS3-11")),
    "random": Site("OSL", "Ospedale San Luca", ZoneInfo("Europe/Rome"), ("IS3-21", "IS3-22", "IS3-23")),
}


@dataclass(frozen=True, slots=True)
class Person:
    """A patient on file; ``retired_mrn`` is a second number that a merge will retire."""

    mrn: str
    family: str
    given: str
    sex: str
    birth_date: date
    retired_mrn: str | None = None


@dataclass(frozen=True, slots=True)
class Procedure:
    """One visit to the cryoablation room. Instants are UTC; ``positions`` are insertions per lesion."""

    accession: str
    person: Person
    patient: Patient
    session: Session
    start: datetime
    end: datetime
    admitted: datetime
    planned_discharge: datetime
    discharged: datetime
    follow_up: datetime
    console: str
    gauge: str
    positions: tuple[int, ...]
    intent: str

    @property
    def lesions(self) -> tuple[Lesion, ...]:
        """The lesions approached in it."""
        return self.session.lesions


@dataclass(frozen=True, slots=True)
class Hospital:
    """A hospital with its people and procedures in the order of their start."""

    site: Site
    name: str
    procedures: tuple[Procedure, ...]

    @property
    def last_end(self) -> datetime:
        """The end of the last procedure."""
        return max(procedure.end for procedure in self.procedures)


def register(cohort: Cohort, name: str) -> Hospital:
    """Put a cohort on file: numbers, names, birth dates, appointments. ``name`` names the random stream."""
    site = SITE_OF_COHORT[cohort.name]
    days = _first_days(cohort, name)
    planned: list[tuple[date, Patient, Session]] = []
    for patient in cohort.patients:
        planned += [
            (day, patient, session) for day, session in zip(days[patient.number], patient.sessions, strict=True)
        ]
    planned.sort(key=lambda entry: (entry[0], entry[1].number))
    people = {patient.number: _person(patient, days[patient.number][0], name) for patient in cohort.patients}
    procedures = [
        _procedure(site, people[patient.number], patient, session, day, serial, name)
        for serial, (day, patient, session) in enumerate(planned, 1)
    ]
    return Hospital(site, cohort.name, tuple(sorted(procedures, key=lambda procedure: procedure.start)))


def _first_days(cohort: Cohort, name: str) -> dict[int, list[date]]:
    rng = stream(name, "days")
    span = (LAST_DAY - FIRST_DAY).days
    days: dict[int, list[date]] = {}
    for place, patient in enumerate(cohort.patients):
        gaps = [rng.randint(*SESSION_GAP_DAYS) for _ in patient.sessions[1:]]
        share = place / (len(cohort.patients) - 1)
        offset = min(max(0, round(share * span) + rng.randint(-20, 20)), span - sum(gaps))
        first = FIRST_DAY + timedelta(days=0 if place == 0 else offset)
        days[patient.number] = [_weekday(first)]
        for gap in gaps:
            days[patient.number].append(_weekday(days[patient.number][-1] + timedelta(days=gap)))
    return days


def _weekday(day: date) -> date:
    return day - timedelta(days=max(0, day.weekday() - 4))


def _person(patient: Patient, first_day: date, name: str) -> Person:
    rng = stream(name, "person", patient.number)
    birth_date = first_day - timedelta(days=int(patient.age * 365.25) + rng.randint(20, 340))
    mrn = f"{patient.number:03d}{digits(5, name, 'mrn', patient.number)}"
    retired = f"9{digits(7, name, 'retired', patient.number)}" if patient.number % 14 == 3 else None
    return Person(mrn, rng.choice(_FAMILIES), rng.choice(_GIVEN[patient.sex]), patient.sex, birth_date, retired)


def _procedure(
    site: Site, person: Person, patient: Patient, session: Session, day: date, serial: int, name: str
) -> Procedure:
    rng = stream(name, "procedure", serial)
    opening = datetime(day.year, day.month, day.day, 8, 30, tzinfo=site.zone)
    start = opening + timedelta(minutes=5 * rng.randint(0, 66))
    end = start + timedelta(minutes=rng.randint(70, 140))
    if rng.random() < 0.6:
        admitted = (opening - timedelta(days=1)).replace(hour=14, minute=rng.randint(0, 59))
    else:
        admitted = opening.replace(hour=7, minute=rng.randint(0, 40))
    planned = (opening + timedelta(days=2)).replace(hour=11, minute=0)
    extra = max((event.extra_days for event in session.complications), default=0)
    discharged = planned + timedelta(days=extra, minutes=rng.randint(15, 170) if extra else rng.randint(-60, 200))
    follow_up = end + timedelta(minutes=rng.randint(19 * 60, 28 * 60))
    positions = _positions(session)
    return Procedure(
        accession=f"CRY{day:%y}-{serial:04d}{digits(2, name, 'accession', serial)}",
        person=person,
        patient=patient,
        session=session,
        start=start.astimezone(UTC),
        end=end.astimezone(UTC),
        admitted=admitted.astimezone(UTC),
        planned_discharge=planned.astimezone(UTC),
        discharged=discharged.astimezone(UTC),
        follow_up=follow_up.astimezone(UTC),
        console=rng.choice(site.consoles),
        gauge="10G" if max(lesion.size_mm for lesion in session.lesions) > 20 else "13G",
        positions=positions,
        intent="palliative" if any(lesion.organ == "bone" for lesion in session.lesions) else "curative",
    )


def _positions(session: Session) -> tuple[int, ...]:
    """Insertions per lesion: up to three in a visit, none in an abandoned lesion."""
    room = 3 - (len(session.lesions) - 1)
    wanted = []
    for lesion in session.lesions:
        count = 0 if lesion.abandoned else min(room, 1 + (lesion.size_mm > 30) + (lesion.size_mm > 45))
        room -= max(0, count - 1)
        wanted.append(count)
    return tuple(wanted)
