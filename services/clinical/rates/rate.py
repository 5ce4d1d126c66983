"""Rates over counts: each numerator with its own unit's denominator, and Wilson bounds where it is a proportion."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.clinical.rates.contributions import Contribution
from services.clinical.rates.tally import Tally, add, each
from services.clinical.rates.wilson import wilson

WINDOWS = ("all", "30d", "90d", "365d")

UNITS: dict[str, tuple[str, str]] = {
    "events_per_planned_lesion": ("events.all", "lesions.planned"),
    "events_per_treated_lesion": ("events.of_treated_lesions", "lesions.treated"),
    "lesions_with_event": ("lesions.treated_with_event", "lesions.treated"),
    "procedures_with_event": ("procedures.treated_with_event", "procedures.treated"),
    "assessed_procedures_with_event": ("procedures.assessed_with_event", "procedures.assessed"),
    "patients_with_event": ("patients.treated_with_event", "patients.treated"),
}
"""Unit of a rate: its numerator and denominator. The first two are ratios of counts, not proportions."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate with its 95 % Wilson bounds."""

    unit: str
    numerator: int
    denominator: int
    ratio: float | None
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts by (stratum, measure)."""

    values: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, tally: Tally) -> "Counts":
        """The counts of a tally."""
        return cls({(stratum, measure): number for stratum, measure, number in each(tally)})

    def count(self, measure: str, stratum: str = "all") -> int:
        """One count; 0 when nothing was contributed."""
        return self.values.get((stratum, measure), 0)

    def strata(self) -> tuple[str, ...]:
        """The strata that anything was contributed to."""
        return tuple(sorted({stratum for stratum, _ in self.values}))

    def rate(self, unit: str, stratum: str = "all") -> Rate:
        """The rate of one unit in one stratum; no ratio without a denominator."""
        top, bottom = UNITS[unit]
        return proportion(unit, self.count(top, stratum), self.count(bottom, stratum))


def proportion(unit: str, numerator: int, denominator: int) -> Rate:
    """A rate from its two counts. Events may exceed lesions: the bounds are then those of one."""
    lower, upper = wilson(min(numerator, denominator), denominator)
    ratio = numerator / denominator if denominator else None
    return Rate(unit, numerator, denominator, ratio, lower, upper)


def counts_of(contributions: Iterable[Contribution]) -> Counts:
    """Counts from contributions, summed from scratch."""
    sums: Tally = {}
    for one in contributions:
        add(sums, one.counts)
    return Counts.of(sums)
