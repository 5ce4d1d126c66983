"""A cohort: patients, their visits to the cryoablation room, the lesions and what went wrong with each.

Sizes and distances are in mm. Nothing here says how a system tells of it; that is the hospital's part.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Organ(StrEnum):
    """The organ group in which the paper counts a lesion."""

    BONE = "bone"
    LUNG = "lung"
    SOFT_TISSUE = "soft_tissue"


class Side(StrEnum):
    """The side of a lesion or of a finding; a midline lesion has none."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> "Side":
        """The opposite side."""
        return Side.LEFT if self is Side.RIGHT else Side.RIGHT


class Finding(StrEnum):
    """What a complication is called, in the vocabulary of the reading rules."""

    PLEURAL_EFFUSION = "pleural_effusion"
    HEMORRHAGIC_EFFUSION = "hemorrhagic_pleural_effusion"
    HYDROPNEUMOTHORAX = "hydropneumothorax"
    PULMONARY_EMBOLISM = "pulmonary_embolism"
    HEMATOMA = "hematoma"


class Care(StrEnum):
    """What was done about a complication."""

    CHEST_TUBE = "chest_tube"
    ANTICOAGULATION = "anticoagulation"
    COMPRESSION = "compression"


@dataclass(frozen=True, slots=True)
class Complication:
    """One adverse event of the first 24 hours; ``extra_days`` of stay came because of it."""

    finding: Finding
    side: Side
    care: Care | None = None
    extra_days: int = 0

    @property
    def drained(self) -> bool:
        """Whether a chest tube was needed."""
        return self.care is Care.CHEST_TUBE

    def grade(self, rule_set: str) -> int:
        """The SIR grade by the paper's own practice (``orsi-2024``) or read strictly (``sir-2017``)."""
        if rule_set == "orsi-2024":
            return 2 if self.care else 1
        if self.extra_days > 1:
            return 3
        return 2 if self.care in (Care.CHEST_TUBE, Care.ANTICOAGULATION) else 1


@dataclass(frozen=True, slots=True)
class Lesion:
    """A lesion with its location; ``label`` is how the radiologist names a soft-tissue lesion."""

    number: int
    organ: Organ
    location: str
    side: Side | None
    size_mm: int
    pleura_mm: int | None = None
    label: str | None = None
    abandoned: str | None = None
    complication: Complication | None = None

    @property
    def size_band(self) -> str:
        """The paper's size band: ``lt_2cm``, ``2_to_3cm`` or ``gt_3cm``."""
        if self.size_mm < 20:
            return "lt_2cm"
        return "2_to_3cm" if self.size_mm <= 30 else "gt_3cm"

    @property
    def pleura_band(self) -> str | None:
        """``lt_1cm`` or ``gt_1cm`` for a lung lesion."""
        if self.pleura_mm is None:
            return None
        return "lt_1cm" if self.pleura_mm < 10 else "gt_1cm"


@dataclass(frozen=True, slots=True)
class Session:
    """One procedure: the lesions approached in one visit."""

    lesions: tuple[Lesion, ...]

    @property
    def treated(self) -> bool:
        """Whether at least one lesion was frozen."""
        return any(lesion.abandoned is None for lesion in self.lesions)

    @property
    def complications(self) -> tuple[Complication, ...]:
        """The complications of its lesions."""
        return tuple(lesion.complication for lesion in self.lesions if lesion.complication)


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient with the age at the first session and the sessions in order."""

    number: int
    sex: str
    age: int
    sessions: tuple[Session, ...]

    @property
    def lesions(self) -> tuple[Lesion, ...]:
        """All lesions of all sessions."""
        return tuple(lesion for session in self.sessions for lesion in session.lesions)


@dataclass(frozen=True, slots=True)
class Cohort:
    """All patients of one hospital."""

    name: str
    patients: tuple[Patient, ...]

    @property
    def lesions(self) -> Iterator[Lesion]:
        """Every lesion."""
        return (lesion for patient in self.patients for lesion in patient.lesions)

    @property
    def sessions(self) -> Iterator[Session]:
        """Every procedure."""
        return (session for patient in self.patients for session in patient.sessions)
