"""Every cell of the paper's Tables 1-5, as printed and as counted in a cohort.

A cell is k of n. Its name is the path to it in the paper: ``table4.hydropneumothorax_drained.gt_1cm``. Where
the paper divides by another number than its own caption names, the number it divides by stands here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import mean, median, stdev

from simulators.cohort.model import Cohort, Finding, Lesion, Organ

BONE_LOCATIONS = ("pelvic_bone", "rib", "long_bone", "shoulder", "vertebra", "sacrum", "sternum")
SOFT_TISSUE_LOCATIONS = (
    "intra_abdominal",
    "abdominal_wall",
    "pelvic_mass",
    "gluteal",
    "adrenal",
    "breast",
    "other",
)
SIZE_BANDS = ("lt_2cm", "2_to_3cm", "gt_3cm")
PLEURA_BANDS = ("lt_1cm", "gt_1cm")
KINDS = (
    "hemorrhagic_pleural_effusion",
    "hydropneumothorax_undrained",
    "hydropneumothorax_drained",
    "pleural_effusion",
    "pulmonary_embolism",
    "hematoma",
)


@dataclass(frozen=True, slots=True)
class Cell:
    """k of n."""

    k: int
    n: int


_P = Cell
PRINTED: dict[str, Cell] = {
    "table1.sex.male": _P(40, 85),
    "table1.sex.female": _P(45, 85),
    "table1.organ.bone": _P(35, 96),
    "table1.organ.lung": _P(18, 96),
    "table1.organ.soft_tissue": _P(43, 96),
    "table1.bone.pelvic_bone": _P(11, 35),
    "table1.bone.rib": _P(11, 35),
    "table1.bone.long_bone": _P(4, 35),
    "table1.bone.shoulder": _P(2, 35),
    "table1.bone.vertebra": _P(4, 35),
    "table1.bone.sacrum": _P(2, 35),
    "table1.bone.sternum": _P(1, 35),
    "table1.lung.lt_1cm": _P(11, 18),
    "table1.lung.gt_1cm": _P(7, 18),
    "table1.soft_tissue.intra_abdominal": _P(16, 43),
    "table1.soft_tissue.abdominal_wall": _P(8, 43),
    "table1.soft_tissue.pelvic_mass": _P(7, 43),
    "table1.soft_tissue.gluteal": _P(3, 43),
    "table1.soft_tissue.adrenal": _P(2, 43),
    "table1.soft_tissue.breast": _P(4, 43),
    "table1.soft_tissue.other": _P(3, 43),
    "table1.size.lt_2cm": _P(26, 96),
    "table1.size.2_to_3cm": _P(27, 96),
    "table1.size.gt_3cm": _P(43, 96),
    "table2.any": _P(25, 96),
    "table2.grade_1": _P(20, 96),
    "table2.grade_2": _P(5, 96),
    "table2.hemorrhagic_pleural_effusion.grade_1": _P(7, 96),
    "table2.hydropneumothorax_undrained.grade_1": _P(2, 96),
    "table2.hydropneumothorax_drained.grade_2": _P(2, 96),
    "table2.pleural_effusion.grade_1": _P(11, 96),
    "table2.pulmonary_embolism.grade_2": _P(2, 96),
    "table2.hematoma.grade_2": _P(1, 96),
    "table3.any": _P(8, 33),
    "table3.pleural_effusion": _P(6, 33),
    "table3.pleural_effusion.rib": _P(5, 6),
    "table3.pleural_effusion.sternum": _P(1, 6),
    "table3.pulmonary_embolism": _P(2, 33),
    "table3.pulmonary_embolism.rib": _P(2, 2),
    "table4.any": _P(13, 18),
    "table4.hydropneumothorax_drained": _P(2, 18),
    "table4.hydropneumothorax_drained.gt_1cm": _P(2, 2),
    "table4.hydropneumothorax_drained.size_lt_2cm": _P(2, 2),
    "table4.hydropneumothorax_undrained": _P(2, 18),
    "table4.hydropneumothorax_undrained.lt_1cm": _P(2, 2),
    "table4.hydropneumothorax_undrained.size_lt_2cm": _P(2, 2),
    "table4.hemorrhagic_pleural_effusion": _P(6, 18),
    "table4.hemorrhagic_pleural_effusion.lt_1cm": _P(3, 6),
    "table4.hemorrhagic_pleural_effusion.gt_1cm": _P(3, 6),
    "table4.hemorrhagic_pleural_effusion.size_lt_2cm": _P(2, 6),
    "table4.hemorrhagic_pleural_effusion.size_2_to_3cm": _P(2, 6),
    "table4.hemorrhagic_pleural_effusion.size_gt_3cm": _P(2, 6),
    "table4.pleural_effusion": _P(3, 18),
    "table4.pleural_effusion.lt_1cm": _P(2, 3),
    "table4.pleural_effusion.gt_1cm": _P(1, 3),
    "table4.pleural_effusion.size_lt_2cm": _P(1, 3),
    "table4.pleural_effusion.size_2_to_3cm": _P(2, 3),
    "table5.any": _P(4, 43),
    "table5.hemorrhagic_pleural_effusion": _P(1, 43),
    "table5.hemorrhagic_pleural_effusion.intra_abdominal": _P(1, 1),
    "table5.pleural_effusion": _P(2, 43),
    "table5.pleural_effusion.other": _P(1, 2),
    "table5.pleural_effusion.adrenal": _P(1, 2),
    "table5.hematoma": _P(1, 43),
    "table5.hematoma.pelvic_mass": _P(1, 1),
    "text.technical_success": _P(83, 85),
    "text.any_effusion": _P(18, 96),
}
"""k and n of every printed cell; the two ``text`` cells stand in the running text, not in a table."""

PRINTED_AGES: dict[str, float] = {
    "median": 68,
    "minimum": 31,
    "maximum": 87,
    "mean": 65.87,
    "deviation": 12.29,
}
PRINTED_SIZES_CM: dict[str, float] = {"mean": 3.3, "median": 2.8}


def kind_of(lesion: Lesion) -> str | None:
    """The row of the paper's tables in which the lesion's complication stands."""
    event = lesion.complication
    if event is None:
        return None
    if event.finding is Finding.HYDROPNEUMOTHORAX:
        return f"{event.finding}_{'drained' if event.drained else 'undrained'}"
    return event.finding.value


def count_cells(cohort: Cohort) -> dict[str, Cell]:
    """The same cells counted in a cohort, with the paper's own denominators."""
    lesions = tuple(cohort.lesions)
    cells = {}
    for sex, name in (("M", "male"), ("F", "female")):
        cells[f"table1.sex.{name}"] = Cell(sum(patient.sex == sex for patient in cohort.patients), len(cohort.patients))
    for organ in Organ:
        cells[f"table1.organ.{organ}"] = Cell(sum(lesion.organ is organ for lesion in lesions), len(lesions))
    cells |= _by(lesions, "table1.bone", Organ.BONE, "location", BONE_LOCATIONS)
    cells |= _by(lesions, "table1.lung", Organ.LUNG, "pleura_band", PLEURA_BANDS)
    cells |= _by(lesions, "table1.soft_tissue", Organ.SOFT_TISSUE, "location", SOFT_TISSUE_LOCATIONS)
    for band in SIZE_BANDS:
        cells[f"table1.size.{band}"] = Cell(sum(lesion.size_band == band for lesion in lesions), len(lesions))
    cells |= _events(lesions)
    cells |= _organ_table(lesions, "table3", Organ.BONE, (("location", "", BONE_LOCATIONS),))
    bands = (("pleura_band", "", PLEURA_BANDS), ("size_band", "size_", SIZE_BANDS))
    cells |= _organ_table(lesions, "table4", Organ.LUNG, bands)
    cells |= _organ_table(lesions, "table5", Organ.SOFT_TISSUE, (("location", "", SOFT_TISSUE_LOCATIONS),))
    treated = sum(any(session.treated for session in patient.sessions) for patient in cohort.patients)
    cells["text.technical_success"] = Cell(treated, len(cohort.patients))
    effusions = ("hemorrhagic_pleural_effusion", "pleural_effusion")
    cells["text.any_effusion"] = _share(lesions, lambda lesion: kind_of(lesion) in effusions)
    return cells


def differences(cohort: Cohort) -> list[str]:
    """What in the cohort differs from the printed figures, in words; empty when every cell agrees."""
    counted = count_cells(cohort)
    found = [
        f"{name}: printed {printed.k}/{printed.n}, counted {_text(counted.get(name))}"
        for name, printed in PRINTED.items()
        if counted.get(name) != printed
    ]
    found += [
        f"{name}: counted {cell.k}, not printed" for name, cell in counted.items() if cell.k and name not in PRINTED
    ]
    ages = [patient.age for patient in cohort.patients]
    age_figures = {
        "median": median(ages),
        "minimum": min(ages),
        "maximum": max(ages),
        "mean": round(mean(ages), 2),
        "deviation": round(stdev(ages), 2),
    }
    found += [f"age {name}: {value}" for name, value in age_figures.items() if value != PRINTED_AGES[name]]
    sizes = [lesion.size_mm / 10 for lesion in cohort.lesions]
    size_figures = {"mean": round(mean(sizes), 1), "median": median(sizes)}
    found += [f"size {name}: {value}" for name, value in size_figures.items() if value != PRINTED_SIZES_CM[name]]
    return found


def _text(cell: Cell | None) -> str:
    return f"{cell.k}/{cell.n}" if cell else "none"


def _share(lesions: Iterable[Lesion], test: Callable[[Lesion], bool]) -> Cell:
    chosen = [test(lesion) for lesion in lesions]
    return Cell(sum(chosen), len(chosen))


def _by(lesions: Iterable[Lesion], table: str, organ: Organ, field: str, values: Iterable[str]) -> dict[str, Cell]:
    members = [lesion for lesion in lesions if lesion.organ is organ]
    return {
        f"{table}.{value}": Cell(sum(getattr(lesion, field) == value for lesion in members), len(members))
        for value in values
    }


def _events(lesions: tuple[Lesion, ...]) -> dict[str, Cell]:
    events = [(kind_of(lesion), lesion.complication.grade("orsi-2024")) for lesion in lesions if lesion.complication]
    total = len(lesions)
    cells = {"table2.any": Cell(len(events), total)}
    for grade in (1, 2):
        cells[f"table2.grade_{grade}"] = Cell(sum(event[1] == grade for event in events), total)
        for kind in KINDS:
            k = sum(event == (kind, grade) for event in events)
            if k:
                cells[f"table2.{kind}.grade_{grade}"] = Cell(k, total)
    return cells


def _organ_table(
    lesions: tuple[Lesion, ...],
    table: str,
    organ: Organ,
    splits: Iterable[tuple[str, str, tuple[str, ...]]],
) -> dict[str, Cell]:
    treated = [lesion for lesion in lesions if lesion.organ is organ and lesion.abandoned is None]
    cells = {f"{table}.any": _share(treated, lambda lesion: lesion.complication is not None)}
    for kind in KINDS:
        members = [lesion for lesion in treated if kind_of(lesion) == kind]
        if not members:
            continue
        cells[f"{table}.{kind}"] = Cell(len(members), len(treated))
        for field, prefix, values in splits:
            for value in values:
                k = sum(getattr(lesion, field) == value for lesion in members)
                if k:
                    cells[f"{table}.{kind}.{prefix}{value}"] = Cell(k, len(members))
    return cells
