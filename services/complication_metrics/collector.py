"""Counts to Prometheus samples. Every series is a gauge computed from the record: nothing is ever incremented.

Series stay few: the full set for all sites together (``site="all"``), and some forty for each site. The whole of the
strata is in SQL and in ``cryowatch rates``.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.charts.day_sums import Change
from services.charts.rates import SiteCounts, window_start
from services.clinical.rates.rate import UNITS, WINDOWS, Counts

ALL_SITES = "all"
ORGANS = {"all": "all", "bone": "organ=bone", "lung": "organ=lung", "soft_tissue": "organ=soft_tissue"}
GRADES = ("1", "2", "3", "4", "5")
FOLLOW_UPS = ("assessed", "waiting", "overdue", "undecided")
CERTAINTIES = (("definite", "events"), ("possible", "possible_within_24h_events"))
PER_SITE_UNITS = ("patients_with_event", "assessed_procedures_with_event")

Sums = Counter[tuple[str, str]]
"""Counts, or by how much they move, by stratum and measure."""


@dataclass(frozen=True, slots=True)
class _Served:
    """What one scrape sees: counts by site and window, their sum over all sites, and the time."""

    sites: Mapping[str, Mapping[str, Counts]]
    total: Mapping[str, Counts]
    as_of: datetime | None


class RatesCollector(Collector):
    """Serves the counts that it was last given."""

    def __init__(self) -> None:
        self._served = _Served({}, {}, None)

    def update(self, counts: Iterable[SiteCounts], as_of: datetime) -> None:
        """Replace what is served, all at once. The sum over all sites is made here."""
        sites: dict[str, dict[str, Counts]] = {}
        total: dict[str, Sums] = {}
        for one in counts:
            sites.setdefault(one.site, {})[one.window] = one.counts
            total.setdefault(one.window, Counter()).update(one.counts.values)
        self._served = _Served(sites, {window: Counts(values) for window, values in total.items()}, as_of)

    def move(self, changes: Iterable[Change], as_of: datetime) -> None:
        """Move what is served by what changed, all at once; ``as_of`` is of the same day as the last update's."""
        by_site: dict[str, list[Change]] = {}
        for change in changes:
            by_site.setdefault(change.site, []).append(change)
        sites, total = dict(self._served.sites), self._served.total
        for site, of_site in by_site.items():
            moves = {window: _sums(of_site, window, as_of) for window in WINDOWS}
            sites[site] = _moved(sites.get(site, {}), moves)
            total = _moved(total, moves)
        self._served = _Served({site: held for site, held in sites.items() if held}, total, as_of)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The samples of one scrape."""
        served = self._served
        everywhere = (SiteCounts(ALL_SITES, window, counts) for window, counts in served.total.items())
        of_sites = (
            SiteCounts(site, w, counts) for site, of in sorted(served.sites.items()) for w, counts in of.items()
        )
        families = _Families()
        for one in (*everywhere, *of_sites):
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
        if served.as_of:
            as_of.add_metric([], served.as_of.timestamp())
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


def _sums(changes: Iterable[Change], window: str, as_of: datetime) -> Sums:
    """By how much each count of a window moves."""
    first, today = window_start(window, as_of), as_of.date()
    sums: Sums = Counter()
    for change in changes:
        if change.day <= today and (first is None or change.day > first):
            sums[change.stratum, change.measure] += change.by
    return sums


def _moved(held: Mapping[str, Counts], moves: Mapping[str, Sums]) -> dict[str, Counts]:
    """Counts by window after these moves. What is zero isn't held: a window without a count isn't served."""
    after: dict[str, Counts] = {}
    for window in {**held, **moves}:
        sums: Sums = Counter(held[window].values if window in held else {})
        sums.update(moves.get(window, {}))
        values = {key: number for key, number in sums.items() if number}
        if values:
            after[window] = Counts(values)
    return after
