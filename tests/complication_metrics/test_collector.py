"""What is served after any changes of some sites is what a reading of all of them would serve."""

from collections.abc import Mapping
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from services.charts.rates import SiteCounts
from services.clinical.rates.rate import Counts
from services.complication_metrics.collector import RatesCollector

NOW = datetime(2024, 1, 1, tzinfo=UTC)
MEASURES = ("procedures.planned", "procedures.treated", "procedures.treated_with_event", "events.grade.2")
WINDOW_COUNTS = st.dictionaries(
    st.tuples(st.sampled_from(("all", "organ=lung")), st.sampled_from(MEASURES)), st.integers(1, 5), min_size=1
)
READING = st.dictionaries(st.sampled_from(("all", "30d", "90d")), WINDOW_COUNTS)
CHANGE = st.dictionaries(st.sampled_from(("A", "B", "C")), READING, min_size=1)
Reading = Mapping[str, Mapping[tuple[str, str], int]]


def counts(sites: Mapping[str, Reading]) -> list[SiteCounts]:
    return [SiteCounts(site, window, Counts(of)) for site, windows in sites.items() for window, of in windows.items()]


def served(rates: RatesCollector) -> list[str]:
    registry = CollectorRegistry()
    registry.register(rates)
    return sorted(generate_latest(registry).decode().splitlines())


@given(st.lists(CHANGE, max_size=6))
def test_replacing_some_sites_serves_what_a_whole_reading_would(changes: list[dict[str, Reading]]) -> None:
    step, whole = RatesCollector(), RatesCollector()
    step.update([], NOW)
    held: dict[str, Reading] = {}
    for change in changes:
        held |= change
        step.replace(change, counts(change), NOW)
    whole.update(counts(held), NOW)
    assert served(step) == served(whole)
