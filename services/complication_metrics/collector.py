"""Counts to Prometheus samples. Every series is a gauge computed from the record: nothing is ever incremented.

Series stay few: the full set for all sites together (``site="all"``), and some forty for each site. The whole of the
strata is in SQL and in ``cryowatch rates``.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.charts.rates import SiteCounts
from services.clinical.rates.rate import UNITS, Counts

ALL_SITES = "all"
ORGANS = {"all": "all", "bone": "organ=bone", "lung": "organ=lung", "soft_tissue": "organ=soft_tissue"}
GRADES = ("1", "2", "3", "4", "5")
FOLLOW_UPS = ("assessed", "waiting", "overdue", "undecided")
CERTAINTIES = (("definite", "events"), ("possible", "possible_within_24h_events"))
PER_SITE_UNITS = ("patients_with_event", "assessed_procedures_with_event")


class RatesCollector(Collector):
    """Serves the counts that it was last given."""

    def __init__(self) -> None:
        self._counts: list[SiteCounts] = []
        self._as_of: datetime | None = None

    def update(self, counts: Sequence[SiteCounts], as_of: datetime) -> None:
        """Replace what is served, all at once; the sum over all sites is added here."""
        windows = {one.window for one in counts}
        total = [SiteCounts(ALL_SITES, w, _sum(one.counts for one in counts if one.window == w)) for w in windows]
        self._counts, self._as_of = [*total, *counts], as_of

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The samples of one scrape."""
        families = _Families()
        for one in self._counts:
            whole = one.site == ALL_SITES
            if whole or one.window in ("all", "90d"):
                for organ in ORGANS if whole else ("all",):
                    families.add_rates(one, organ, tuple(UNITS) if whole else PER_SITE_UNITS)
            if one.window == "all" or (whole and one.window == "30d"):
                for organ in ORGANS if whole else ("all",):
                    families.add_events(one, organ)
            if whole or one.window in ("all", "30d"):
                families.add_procedures(one)
        yield from families.all()
        as_of = GaugeMetricFamily("cryo_as_of_timestamp_seconds", "The time as of which the rates are computed")
        if self._as_of:
            as_of.add_metric([], self._as_of.timestamp())
        yield as_of


class _Families:
    """The metric families of one scrape."""

    def __init__(self) -> None:
        rate = ["site", "organ", "window", "unit"]
        self.ratio = GaugeMetricFamily("cryo_complication_ratio", "Complications per unit, by unit", labels=rate)
        self.lower = GaugeMetricFamily("cryo_complication_lower_ratio", "Lower 95 % Wilson bound", labels=rate)
        self.upper = GaugeMetricFamily("cryo_complication_upper_ratio", "Upper 95 % Wilson bound", labels=rate)
        self.top = GaugeMetricFamily("cryo_rate_numerator", "Numerator of the complication ratio", labels=rate)
        self.bottom = GaugeMetricFamily("cryo_rate_denominator", "Denominator of the complication ratio", labels=rate)
        self.events = GaugeMetricFamily(
            "cryo_adverse_events",
            "Adverse events of the first 24 hours, by SIR grade and certainty",
            labels=["site", "organ", "window", "sir_grade", "certainty"],
        )
        self.procedures = GaugeMetricFamily(
            "cryo_procedures", "Procedures by the state of their follow-up CT", labels=["site", "window", "follow_up"]
        )
        self.ambiguous = GaugeMetricFamily(
            "cryo_ambiguous_procedures", "Procedures with a finding that fits two procedures", labels=["site"]
        )

    def add_rates(self, one: SiteCounts, organ: str, units: Iterable[str]) -> None:
        """Numerator and denominator always; a ratio and its bounds where there is a denominator."""
        for unit in units:
            labels = [one.site, organ, one.window, unit]
            found = one.counts.rate(unit, ORGANS[organ])
            self.top.add_metric(labels, found.numerator)
            self.bottom.add_metric(labels, found.denominator)
            if found.ratio is not None:
                self.ratio.add_metric(labels, found.ratio)
                self.lower.add_metric(labels, found.lower)
                self.upper.add_metric(labels, found.upper)

    def add_events(self, one: SiteCounts, organ: str) -> None:
        """Every grade, zeros included."""
        for grade in GRADES:
            for certainty, kind in CERTAINTIES:
                count = one.counts.count(f"{kind}.grade.{grade}", ORGANS[organ])
                self.events.add_metric([one.site, organ, one.window, grade, certainty], count)

    def add_procedures(self, one: SiteCounts) -> None:
        """How complete the follow-up is, and how much of it is ambiguous."""
        for follow_up in FOLLOW_UPS:
            count = one.counts.count(f"procedures.follow_up.{follow_up}")
            self.procedures.add_metric([one.site, one.window, follow_up], count)
        if one.window == "all":
            self.ambiguous.add_metric([one.site], one.counts.count("review.ambiguous_finding"))

    def all(self) -> tuple[GaugeMetricFamily, ...]:
        """The families in the order in which they are served."""
        return (
            self.ratio,
            self.lower,
            self.upper,
            self.top,
            self.bottom,
            self.events,
            self.procedures,
            self.ambiguous,
        )


def _sum(counts: Iterable[Counts]) -> Counts:
    values: dict[tuple[str, str], int] = {}
    for one in counts:
        for key, number in one.values.items():
            values[key] = values.get(key, 0) + number
    return Counts(values)
