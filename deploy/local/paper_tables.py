"""The paper's Tables 1 to 5 cell by cell: as printed, as CryoWatch counts them, and corrected.

A cell agrees when k and n do. ``truth`` below states the printed counts (Orsi et al., Br J Radiol 2024;97:1863-1869);
what CryoWatch counts comes from the live contributions or from an analysis, never from the simulator.
"""

from dataclasses import dataclass

from services.clinical.rates.rate import Counts, proportion

LOCATIONS = {
    "bone": {
        "pelvic_bone": (11, "31.5"), "rib": (11, "31.5"), "long_bone": (4, "11.4"), "shoulder": (2, "5.7"),
        "vertebra": (4, "11.4"), "sacrum": (2, "5.7"), "sternum": (1, "2.8"),
    },
    "soft_tissue": {
        "intra_abdominal": (16, "37.2"), "abdominal_wall": (8, "18.6"), "pelvic_mass": (7, "16.3"),
        "gluteal": (3, "7"), "adrenal": (2, "4.6"), "breast": (4, "9.3"), "other": (3, "7"),
    },
}  # fmt: skip
EVENTS = (
    ("hemorrhagic_pleural_effusion", 1, 7),
    ("hydropneumothorax", 1, 2),
    ("hydropneumothorax", 2, 2),
    ("pleural_effusion", 1, 11),
    ("pulmonary_embolism", 2, 2),
    ("rectus_bleeding", 2, 1),
)
IMPOSSIBLE = {
    "36.4": "35/96 is 36.5 %",
    "18.7": "18/96 is 18.75 %: 18.8 (the paper prints both)",
    "31.5": "11/35 is 31.4 %",
    "2.8": "1/35 is 2.9 %",
    "61.2": "11/18 is 61.1 %",
    "38.8": "7/18 is 38.9 %",
    "4.6": "2/43 is 4.7 % (4.65)",
    "97.7": "83/85 is 97.6 % (97.65; the paper prints both)",
}
"""Printed percentages that no k/n gives, and why: the only ones that may differ."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. ``printed`` and ``ours`` are (k, n); n is None for a plain count. ``corrected`` has the right n."""

    table: str
    row: str
    printed: tuple[int, int | None]
    ours: tuple[int, int | None]
    printed_percent: str | None = None
    corrected: tuple[int, int] | None = None

    @property
    def agrees(self) -> bool:
        """Whether k and n are the printed ones."""
        return self.printed == self.ours

    @property
    def percent(self) -> str | None:
        """Our percentage of our k and n, as the paper rounds."""
        k, n = self.ours
        return f"{100 * k / n:.1f}" if n else None

    @property
    def remark(self) -> str:
        """Why the printed percentage can't be ours, where it can't."""
        same = self.printed_percent is None or self.percent is None
        if same or abs(float(self.printed_percent or 0) - float(self.percent or 0)) < 0.051:
            exact = self.printed_percent is None or self.printed_percent == self.percent
            if exact or float(self.printed_percent or 0) == round(float(self.percent or 0)):
                return ""
        return IMPOSSIBLE.get(self.printed_percent or "", "percentage differs without a known reason")


def cells(c: Counts) -> list[Cell]:
    """Every cell of Tables 1 to 5, from counts by stratum and measure."""
    planned = c.count("lesions.planned")
    out = [Cell("1", "patients", (85, None), (c.count("patients.planned"), None))]
    out.append(Cell("1", "lesions", (96, None), (planned, None)))
    organs = {"bone": (35, "36.4"), "lung": (18, "18.8"), "soft_tissue": (43, "44.8")}
    for organ, (k, percent) in organs.items():
        n = c.count("lesions.planned", f"organ={organ}")
        out.append(Cell("1", organ, (k, 96), (n, planned), percent))
        for place, (number, part) in LOCATIONS.get(organ, {}).items():
            got = c.count("lesions.planned", f"location={place}")
            out.append(Cell("1", f"{organ}: {place}", (number, k), (got, n), part))
    lung = c.count("lesions.planned", "organ=lung")
    for band, (k, percent) in {"lt1cm": (11, "61.2"), "ge1cm": (7, "38.8")}.items():
        got = c.count("lesions.planned", f"organ=lung,pleura={band}")
        out.append(Cell("1", f"lung: {band} to pleura", (k, 18), (got, lung), percent))
    for band, (k, percent) in {"lt2cm": (26, "27.1"), "2to3cm": (27, "28.1"), "gt3cm": (43, "44.8")}.items():
        out.append(Cell("1", f"size {band}", (k, 96), (c.count("lesions.planned", f"size={band}"), planned), percent))
    treated = c.count("lesions.treated")
    out.append(
        Cell(
            "text",
            "technical success, patients",
            (83, 85),
            (c.count("patients.treated"), c.count("patients.planned")),
            "97.6",
            (treated, planned),
        )
    )
    for event, grade, k in EVENTS:
        out.append(Cell("2", f"{event}, SIR {grade}", (k, None), (_events(c, event, grade), None)))
    total = c.count("events.all")
    any_event = (c.count("patients.treated_with_event"), c.count("patients.treated"))
    out.append(Cell("2", "all complications", (25, 96), (total, planned), "26", any_event))
    grades: dict[int, tuple[int, str | None]] = {
        1: (20, "20.8"),
        2: (5, "5.2"),
        3: (0, None),
        4: (0, None),
        5: (0, None),
    }
    for grade, (number, share) in grades.items():
        got = c.count(f"events.grade.{grade}")
        out.append(Cell("2", f"SIR {grade}", (number, 96), (got, planned), share, (got, treated)))
    effusions = sum(_events(c, e, 1) for e in ("pleural_effusion", "hemorrhagic_pleural_effusion"))
    out.append(Cell("text", "effusions", (18, 96), (effusions, planned), "18.7", (effusions, treated)))
    out += _bone(c) + _lung(c, lung) + _soft(c)
    return out


def _events(c: Counts, event: str, grade: int, stratum: str = "all") -> int:
    if event == "rectus_bleeding":
        return sum(c.count(f"events.{e}.{grade}", stratum) for e in ("hematoma", "hemorrhage"))
    return c.count(f"events.{event}.{grade}", stratum)


def _bone(c: Counts) -> list[Cell]:
    bone, n = "organ=bone", c.count("lesions.treated", "organ=bone")
    rows = [
        ("any", 8, c.count("events.all", bone), "24.2"),
        ("pleural_effusion, SIR 1", 6, _events(c, "pleural_effusion", 1, bone), "18.2"),
        ("pulmonary_embolism, SIR 2", 2, _events(c, "pulmonary_embolism", 2, bone), "6.1"),
    ]
    out = [Cell("3", row, (k, 33), (got, n), percent, (got, n)) for row, k, got, percent in rows]
    for event, grade, place, k in (
        ("pleural_effusion", 1, "rib", 5),
        ("pleural_effusion", 1, "sternum", 1),
        ("pulmonary_embolism", 2, "rib", 2),
    ):
        out.append(Cell("3", f"{event}: {place}", (k, None), (_events(c, event, grade, f"location={place}"), None)))
    return out


def _lung(c: Counts, n: int) -> list[Cell]:
    lung = "organ=lung"
    out = [Cell("4", "any", (13, 18), (c.count("events.all", lung), n), "72.2", (c.count("events.all", lung), n))]
    table = (
        ("hydropneumothorax", 2, 2, "11.1", {"ge1cm": 2}, {"lt2cm": 2}),
        ("hydropneumothorax", 1, 2, "11.1", {"lt1cm": 2}, {"lt2cm": 2}),
        ("hemorrhagic_pleural_effusion", 1, 6, "33.3", {"lt1cm": 3, "ge1cm": 3}, {"lt2cm": 2, "2to3cm": 2, "gt3cm": 2}),
        ("pleural_effusion", 1, 3, "16.7", {"lt1cm": 2, "ge1cm": 1}, {"lt2cm": 1, "2to3cm": 2}),
    )
    for event, grade, k, percent, pleura, sizes in table:
        got = _events(c, event, grade, lung)
        out.append(Cell("4", f"{event}, SIR {grade}", (k, 18), (got, n), percent, (got, n)))
        for band in ("lt1cm", "ge1cm"):
            found = _events(c, event, grade, f"organ=lung,pleura={band}")
            out.append(Cell("4", f"{event}, SIR {grade}: {band} to pleura", (pleura.get(band, 0), None), (found, None)))
        for band in ("lt2cm", "2to3cm", "gt3cm"):
            found = _events(c, event, grade, f"organ=lung,size={band}")
            out.append(Cell("4", f"{event}, SIR {grade}: size {band}", (sizes.get(band, 0), None), (found, None)))
    return out


def _soft(c: Counts) -> list[Cell]:
    soft, n = "organ=soft_tissue", c.count("lesions.planned", "organ=soft_tissue")
    out = [Cell("5", "any", (4, 43), (c.count("events.all", soft), n), "9.3", (c.count("events.all", soft), n))]
    table = (
        ("hemorrhagic_pleural_effusion", 1, 1, "2.3", {"intra_abdominal": 1}),
        ("pleural_effusion", 1, 2, "4.7", {"other": 1, "adrenal": 1}),
        ("rectus_bleeding", 2, 1, "2.3", {"pelvic_mass": 1}),
    )
    for event, grade, k, percent, places in table:
        got = _events(c, event, grade, soft)
        out.append(Cell("5", f"{event}, SIR {grade}", (k, 43), (got, n), percent, (got, n)))
        for place, number in places.items():
            found = _events(c, event, grade, f"location={place}")
            out.append(Cell("5", f"{event}: {place}", (number, None), (found, None)))
    return out


def corrected_rates(c: Counts) -> dict[str, tuple[int, int, float, float]]:
    """The corrected headline figures: k, n and Wilson bounds, each over its own denominator."""
    rows = {
        "patients with any event": ("patients.treated_with_event", "patients.treated"),
        "procedures with any event": ("procedures.treated_with_event", "procedures.treated"),
        "lesions with any event": ("lesions.treated_with_event", "lesions.treated"),
    }
    found = {}
    for name, (top, bottom) in rows.items():
        rate = proportion(name, c.count(top), c.count(bottom))
        found[name] = (rate.numerator, rate.denominator, rate.lower, rate.upper)
    return found
