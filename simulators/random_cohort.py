"""Another hospital: a cohort drawn from a seed, with its own truth."""

from random import Random

from simulators.cohort.model import Care, Cohort, Complication, Finding, Lesion, Organ, Patient, Session, Side
from simulators.randomness import stream

_SOFT_TISSUE = (
    ("intra_abdominal", "{side} paracolic deposit"),
    ("abdominal_wall", "{side} flank wall deposit"),
    ("pelvic_mass", "{side} pelvic side-wall mass"),
    ("gluteal", "{side} gluteal mass"),
    ("adrenal", "{side} adrenal metastasis"),
    ("breast", "{side} breast nodule"),
    ("other", "{side} axillary node"),
)
_BONES = ("pelvic_bone", "rib", "long_bone", "shoulder", "vertebra", "sacrum", "sternum")
_MIDLINE = ("vertebra", "sacrum")
_PLEURAL_RISK = {"lung": 0.65, "rib": 0.5, "sternum": 0.4, "adrenal": 0.25}


def random_cohort(seed: int) -> Cohort:
    """Between 50 and 90 patients; the same seed gives the same hospital."""
    rng = stream("random cohort", seed)
    return Cohort("random", tuple(_patient(rng, number) for number in range(1, rng.randint(50, 90) + 1)))


def _patient(rng: Random, number: int) -> Patient:
    sex = rng.choice("MF")
    age = min(90, max(25, round(rng.gauss(64, 13))))
    first = _lesion(rng, 1, sex, excluded=None)
    if rng.random() > 0.15:
        return Patient(number, sex, age, (Session((first,)),))
    if rng.random() < 0.5:
        return Patient(number, sex, age, (Session((first,)), Session((_lesion(rng, 1, sex, excluded=first),))))
    return Patient(number, sex, age, (Session((first, _lesion(rng, 2, sex, excluded=first))),))


def _lesion(rng: Random, number: int, sex: str, *, excluded: Lesion | None) -> Lesion:
    """A lesion; a second one is in another organ group and on the other side, to be told apart."""
    organ = rng.choice([organ for organ in Organ if excluded is None or organ is not excluded.organ])
    side = excluded.side.other if excluded and excluded.side else Side(rng.choice(("left", "right")))
    label, pleura = None, None
    if organ is Organ.LUNG:
        location = "lung"
        pleura = rng.choice([distance for distance in range(2, 35) if distance != 10])
    elif organ is Organ.BONE:
        location = rng.choice([bone for bone in _BONES if excluded is None or bone not in _MIDLINE])
    else:
        location, label = rng.choice(_SOFT_TISSUE[:5] if sex == "M" else _SOFT_TISSUE)
        label = label.format(side=side)
    size = rng.choice([size for size in range(8, 75) if size not in (20, 30)])
    abandoned = None
    if organ is Organ.BONE and rng.random() < 0.04:
        abandoned = "Safe distance from the adjacent nerve could not be obtained; no freeze was delivered."
    return Lesion(
        number=number,
        organ=organ,
        location=location,
        side=None if location in _MIDLINE else side,
        size_mm=size,
        pleura_mm=pleura,
        label=label,
        abandoned=abandoned,
        complication=None if abandoned else _complication(rng, location, side),
    )


def _complication(rng: Random, location: str, side: Side) -> Complication | None:
    if location == "pelvic_mass" and rng.random() < 0.15:
        return Complication(Finding.HEMATOMA, side, Care.COMPRESSION)
    if location == "rib" and rng.random() < 0.1:
        return Complication(Finding.PULMONARY_EMBOLISM, side, Care.ANTICOAGULATION)
    if rng.random() > _PLEURAL_RISK.get(location, 0.0):
        return None
    finding = rng.choice((Finding.PLEURAL_EFFUSION, Finding.PLEURAL_EFFUSION, Finding.HEMORRHAGIC_EFFUSION, None))
    if finding or location != "lung":
        return Complication(finding or Finding.PLEURAL_EFFUSION, side)
    if rng.random() < 0.5:
        return Complication(Finding.HYDROPNEUMOTHORAX, side, Care.CHEST_TUBE, extra_days=2)
    return Complication(Finding.HYDROPNEUMOTHORAX, side)
