"""The strata of the rates: one-way tables over lesions and procedures, and a few named crossings; not a cube."""

from services.clinical.procedures.record import ProcedureRecord, RecordedLesion

ALL = "all"


def size_band(size_mm: float | None) -> str:
    """Table 1's bands of the maximum axial diameter: under 2 cm, 2 to 3 cm, over 3 cm."""
    if size_mm is None:
        return "unknown"
    return "lt2cm" if size_mm < 20 else "2to3cm" if size_mm <= 30 else "gt3cm"


def pleura_band(pleura_mm: float | None) -> str:
    """Table 1's distance to the pleura. Exactly 1.0 cm, which the paper leaves open, counts as 1 cm or more."""
    if pleura_mm is None:
        return "unknown"
    return "lt1cm" if pleura_mm < 10 else "ge1cm"


def lesion_strata(lesion: RecordedLesion, record: ProcedureRecord) -> tuple[str, ...]:
    """The strata that one lesion is counted in."""
    organ, size = lesion.organ or "unknown", size_band(lesion.size_mm)
    found = [
        ALL,
        f"organ={organ}",
        f"location={lesion.location or 'unknown'}",
        f"size={size}",
        f"organ={organ},size={size}",
    ]
    if organ == "lung":
        found.append(f"organ=lung,pleura={pleura_band(lesion.pleura_mm)}")
    return (*found, *procedure_strata(record)[1:])


def procedure_strata(record: ProcedureRecord) -> tuple[str, ...]:
    """The strata that a procedure is counted in as a whole."""
    return (ALL, f"gauge={record.gauge or 'unknown'}", f"coolant={record.coolant or 'unknown'}")


def organs_of(record: ProcedureRecord) -> tuple[str, ...]:
    """The organ groups that a procedure treated or meant to treat, in canonical order."""
    return tuple(sorted({lesion.organ or "unknown" for lesion in record.lesions}))
