"""Counts to Prometheus samples. Every series is a gauge computed from the record: nothing is ever incremented.

Labels stay few: site, organ group, window, unit, grade. The whole of the strata is in SQL and in ``cryowatch rates``.
"""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.charts.rates import SiteCounts
from services.clinical.rates.rate import UNITS

ORGANS = {"all": "all", "bone": "organ=bone", "lung": "organ=lung", "soft_tissue": "organ=soft_tissue"}
GRADES = ("1", "2", "3", "4", "5")
FOLLOW_UPS = ("assessed", "waiting", "overdue", "undecided")


class RatesCollector(Collector):
    """Serves the counts that it was last given."""

    def __init__(self) -> None:
        self._counts: list[SiteCounts] = []
        self._as_of: datetime | None = None

    def update(self, counts: list[SiteCounts], as_of: datetime) -> None:
        """Replace what is served, all at once."""
        self._counts, self._as_of = counts, as_of

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The samples of one scrape."""
        rate = ["site", "organ", "window", "unit"]
        ratio = GaugeMetricFamily("cryo_complication_ratio", "Complications per unit, by unit", labels=rate)
        lower = GaugeMetricFamily("cryo_complication_lower_ratio", "Lower 95 % Wilson bound", labels=rate)
        upper = GaugeMetricFamily("cryo_complication_upper_ratio", "Upper 95 % Wilson bound", labels=rate)
        top = GaugeMetricFamily("cryo_rate_numerator", "Numerator of the complication ratio", labels=rate)
        bottom = GaugeMetricFamily("cryo_rate_denominator", "Denominator of the complication ratio", labels=rate)
        events = GaugeMetricFamily(
            "cryo_adverse_events",
            "Adverse events of the first 24 hours, by SIR grade and certainty",
            labels=["site", "organ", "window", "sir_grade", "certainty"],
        )
        procedures = GaugeMetricFamily(
            "cryo_procedures", "Procedures by the state of their follow-up CT", labels=["site", "window", "follow_up"]
        )
        ambiguous = GaugeMetricFamily(
            "cryo_ambiguous_procedures", "Procedures with a finding that fits two procedures", labels=["site", "window"]
        )
        for one in self._counts:
            counts, where = one.counts, [one.site, one.window]
            for follow_up in FOLLOW_UPS:
                procedures.add_metric([*where, follow_up], counts.count(f"procedures.follow_up.{follow_up}"))
            ambiguous.add_metric(where, counts.count("review.ambiguous_finding"))
            for organ, stratum in ORGANS.items():
                for unit in UNITS:
                    labels = [one.site, organ, one.window, unit]
                    found = counts.rate(unit, stratum)
                    top.add_metric(labels, found.numerator)
                    bottom.add_metric(labels, found.denominator)
                    if found.ratio is not None:
                        ratio.add_metric(labels, found.ratio)
                        lower.add_metric(labels, found.lower)
                        upper.add_metric(labels, found.upper)
                for grade in GRADES:
                    for certainty, kind in (("definite", "events"), ("possible", "possible_within_24h_events")):
                        labels = [one.site, organ, one.window, grade, certainty]
                        events.add_metric(labels, counts.count(f"{kind}.grade.{grade}", stratum))
        as_of = GaugeMetricFamily("cryo_as_of_timestamp_seconds", "The time as of which the rates are computed")
        if self._as_of:
            as_of.add_metric([], self._as_of.timestamp())
        yield from (ratio, lower, upper, top, bottom, events, procedures, ambiguous, as_of)
