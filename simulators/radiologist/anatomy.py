"""How a radiologist names a lesion, and which CT examination covers it."""

from dataclasses import dataclass

from simulators.cohort.model import Finding, Lesion
from simulators.randomness import stream


@dataclass(frozen=True, slots=True)
class Exam:
    """A CT examination: its LOINC code and name, and whether the whole chest is on it."""

    code: str
    name: str
    chest: bool
    abdomen: bool


CHEST = Exam("24628-0", "CT Chest W contrast IV", chest=True, abdomen=False)
CHEST_PLAIN = Exam("24627-2", "CT Chest", chest=True, abdomen=False)
ABDOMEN_PELVIS = Exam("36813-4", "CT Abdomen and Pelvis W contrast IV", chest=False, abdomen=True)
CHEST_ABDOMEN_PELVIS = Exam("72254-6", "CT Chest and Abdomen and Pelvis W contrast IV", chest=True, abdomen=True)

_IN_CHEST = {"lung", "rib", "sternum", "shoulder", "breast", "other"}
_LOBES = {
    "left": ("left upper lobe", "left lower lobe", "lingula"),
    "right": ("right upper lobe", "right lower lobe", "middle lobe"),
}
_BONES = {
    "pelvic_bone": ("iliac wing", "acetabulum", "ischium"),
    "long_bone": ("proximal femur", "proximal humerus"),
    "shoulder": ("scapula", "glenoid"),
}


def exam_for(lesions: tuple[Lesion, ...]) -> Exam:
    """The CT that covers all lesions of a procedure and what followed from them."""
    chest = any(lesion.location in _IN_CHEST for lesion in lesions)
    abdomen = any(lesion.location not in _IN_CHEST for lesion in lesions)
    pleural = any(lesion.complication and lesion.complication.finding is not Finding.HEMATOMA for lesion in lesions)
    if abdomen and (chest or pleural):
        return CHEST_ABDOMEN_PELVIS
    return CHEST if chest else ABDOMEN_PELVIS


def lesion_name(lesion: Lesion, key: str) -> str:
    """The lesion in words, the same in every report of the procedure (``key`` is its accession)."""
    if lesion.label:
        return lesion.label
    rng = stream("lesion name", key, lesion.number)
    side = lesion.side.value if lesion.side else ""
    match lesion.location:
        case "lung":
            return f"{rng.choice(_LOBES[side])} nodule"
        case "rib":
            return f"{side} {rng.choice(('4th', '5th', '6th', '7th', '8th', '9th'))} rib lesion"
        case "vertebra":
            return f"{rng.choice(('T12', 'L1', 'L2', 'L3', 'L4'))} vertebral body lesion"
        case "sacrum":
            return f"{rng.choice(('S1', 'S2'))} sacral lesion"
        case "sternum":
            return f"sternal body lesion, {side} of midline" if side else "sternal body lesion"
        case "shoulder" | "pelvic_bone" | "long_bone":
            return f"{side} {rng.choice(_BONES[lesion.location])} lesion".strip()
        case _:
            return f"{side} {lesion.location.replace('_', ' ')} lesion".strip()
