"""What the placed reports of one procedure show, compartment by compartment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from services.clinical.events.coded import said
from services.clinical.events.compartments import compartments
from services.clinical.facts import Standing
from services.clinical.procedures.placing import Placed, Role
from services.clinical.procedures.windows import Span
from services.clinical.reading import Assertion, Finding, Side


@dataclass(frozen=True, slots=True)
class Showing:
    """One finding of one placed report, in its compartment. ``timing`` is within, delayed, undecided or baseline.

    ``disputed``: a code of the same report says otherwise.
    """

    compartment: str
    side: str | None
    finding: Finding
    placed: Placed
    timing: str
    disputed: bool = False

    @property
    def families(self) -> frozenset[str]:
        """What it is for the comparison with other findings there: a pleural cavity holds air and fluid apart."""
        return families(self.finding.finding, self.compartment)

    @property
    def firm(self) -> bool:
        """Whether it shows the finding for certain."""
        return self.finding.assertion is Assertion.PRESENT and not self.placed.report.doubtful

    @property
    def possible(self) -> bool:
        """Whether it leaves the finding open."""
        return self.finding.assertion is Assertion.POSSIBLE or (
            self.finding.assertion is Assertion.PRESENT and self.placed.report.doubtful
        )

    @property
    def denies(self) -> bool:
        """Whether it says that the finding isn't there now."""
        return self.finding.assertion in (Assertion.ABSENT, Assertion.RESOLVED) and not self.placed.report.doubtful

    @property
    def order(self) -> tuple[datetime, str, int]:
        """By the time at which the CT was performed."""
        performed = self.placed.report.body.performed
        moment = performed.middle if performed else datetime.max.replace(tzinfo=UTC)
        return moment, self.placed.report.report, self.finding.start

    @property
    def preliminary(self) -> bool:
        """Whether the report that shows it is preliminary."""
        return self.placed.report.standing is Standing.PRELIMINARY


def families(finding: str, compartment: str) -> frozenset[str]:
    """Air, fluid or both in the pleura; the compartment itself elsewhere."""
    if compartment != "pleura":
        return frozenset((compartment,))
    air = finding in ("pneumothorax", "hydropneumothorax")
    fluid = finding in ("pleural_effusion", "hemorrhagic_pleural_effusion", "hydropneumothorax")
    return frozenset(name for name, there in (("air", air), ("fluid", fluid)) if there)


def _timing(placed: Placed, span: Span) -> str:
    performed = placed.report.body.performed
    if placed.role is Role.BASELINE:
        return "baseline"
    if placed.role is Role.FOLLOW_UP:
        return "within"
    if placed.role is Role.UNDECIDED or performed is None:
        return "undecided"
    within = performed.within(span.start, span.closes_at)
    return "undecided" if within is None else "within" if within else "delayed"


def showings(placed: Iterable[Placed], span: Span) -> list[Showing]:
    """Every finding of the placed reports that has a compartment, both sides of a bilateral one, in order of time."""
    found = []
    table = compartments()
    for one in placed:
        if one.role is Role.OUTSIDE:
            continue
        timing = _timing(one, span)
        statement = said(one.report)
        for finding in statement.findings:
            where = table.of(finding.finding, finding.site) if finding.kind == "finding" else None
            if where is None:
                continue
            compartment, sided = where
            for side in _sides(finding, sided):
                disputed = (finding.finding, finding.side) in statement.disputed
                found.append(Showing(compartment, side, finding, one, timing, disputed))
    return sorted(found, key=lambda s: s.order)


def _sides(finding: Finding, sided: bool) -> tuple[str | None, ...]:
    if not sided or finding.side is None:
        return (None,)
    return ("left", "right") if finding.side is Side.BILATERAL else (finding.side.value,)


def same_side(one: str | None, other: str | None) -> bool:
    """Whether two sides can be the same: a side that isn't said may be either."""
    return one is None or other is None or one == other
