"""Care that a CT tells of which assesses several procedures: for which of them it was given."""

from collections.abc import Iterable, Sequence

from services.clinical.events.compartments import compartments
from services.clinical.events.management import Care
from services.clinical.events.showing import Showing, same_side


def of_this_procedure(
    care: Sequence[Care], ours: Sequence[Showing], every: Iterable[Showing]
) -> tuple[list[Care], tuple[str, ...]]:
    """The care that counts here, and what is left for review.

    ``every`` are all findings of the CTs, ``ours`` those that belong to this procedure. Care that fits only findings
    of another procedure is that one's; what fits findings of both counts for neither, or one drain would be two.
    """
    theirs = [s for s in every if s.placed.shared and s not in ours]
    kept: list[Care] = []
    review: set[str] = set()
    for one in care:
        if not any(_fits(one, showing) for showing in theirs):
            kept.append(one)
        elif any(_fits(one, showing) for showing in ours):
            review.add(f"{one.care}_fits_several_procedures")
    return kept, tuple(sorted(review))


def _fits(care: Care, showing: Showing) -> bool:
    """Whether the CT that tells of the care shows what it treats, on the side that it was given on."""
    return (
        showing.placed.report.report == care.source
        and showing.firm
        and compartments().treats(care.care, showing.compartment)
        and same_side(care.side, showing.side)
    )
