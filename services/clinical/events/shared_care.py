"""Care that a CT tells of which assesses several procedures: for which of them it was given."""

from collections.abc import Sequence

from services.clinical.events.compartments import compartments
from services.clinical.events.management import Care
from services.clinical.events.showing import Showing, same_side
from services.clinical.reading import Assertion


def of_this_procedure(
    care: Sequence[Care], ours: Sequence[Showing], theirs: Sequence[Showing]
) -> tuple[list[Care], tuple[str, ...]]:
    """The care that counts here, and what is left for review.

    ``theirs`` are findings of shared CTs that belong to other procedures. Care that fits none of ours and one of theirs
    is that procedure's; what fits both counts for neither, or one drain would be two.
    """
    kept: list[Care] = []
    review: set[str] = set()
    for one in care:
        if not any(s.placed.report.report == one.source and _treats(one, s) for s in theirs):
            kept.append(one)
        elif any(_treats(one, s) for s in ours):
            review.add(f"{one.care}_fits_several_procedures")
    return kept, tuple(sorted(review))


def _treats(care: Care, showing: Showing) -> bool:
    """Whether that finding, there or gone by now, may be what the care was given for."""
    there = showing.firm or showing.possible or showing.finding.assertion is Assertion.RESOLVED
    fits = compartments().treats(care.care, showing.compartment) and same_side(care.side, showing.side)
    return there and fits and showing.timing != "baseline"
