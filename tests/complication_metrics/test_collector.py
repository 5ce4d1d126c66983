"""What is served after any changes of any days is what a reading of the whole record would serve."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from services.charts.day_sums import Change
from services.charts.rates import SiteCounts
from services.clinical.rates.rate import Counts
from services.complication_metrics.collector import RatesCollector

NOW = datetime(2024, 1, 1, 15, tzinfo=UTC)
MEASURES = ("procedures.planned", "procedures.treated", "procedures.treated_with_event", "events.grade.2")
LENGTHS = {"all": 100_000, "30d": 30, "90d": 90, "365d": 365}
KEY = st.tuples(
    st.sampled_from(("A", "B", "C")),
    st.sampled_from((-1, 0, 29, 30, 89, 90, 364, 365, 4000)).map(lambda back: NOW.date() - timedelta(days=back)),
    st.sampled_from(("all", "organ=lung")),
    st.sampled_from(MEASURES),
)
Record = dict[tuple[str, date, str, str], int]
RECORD = st.dictionaries(KEY, st.integers(0, 5), max_size=12)


def reading(record: Record) -> list[SiteCounts]:
    """The sums of a record's days, as SQL makes them."""
    sums: dict[tuple[str, str], dict[tuple[str, str], int]] = {}
    for (site, day, stratum, measure), count in record.items():
        for window, length in LENGTHS.items():
            if count and 0 <= (NOW.date() - day).days < length:
                held = sums.setdefault((site, window), {})
                held[(stratum, measure)] = held.get((stratum, measure), 0) + count
    return [SiteCounts(site, window, Counts(counts)) for (site, window), counts in sums.items()]


def differences(before: Mapping[tuple[str, date, str, str], int], after: Record) -> Iterable[Change]:
    for key in {**before, **after}:
        by = after.get(key, 0) - before.get(key, 0)
        if by:
            yield Change(*key, by)


def served(rates: RatesCollector) -> list[str]:
    registry = CollectorRegistry()
    registry.register(rates)
    return sorted(generate_latest(registry).decode().splitlines())


def whole(record: Record) -> list[str]:
    rates = RatesCollector()
    rates.update(reading(record), NOW)
    return served(rates)


@given(st.lists(RECORD, min_size=1, max_size=6))
def test_moving_by_what_changed_serves_what_a_whole_reading_would(records: list[Record]) -> None:
    rates, before = RatesCollector(), records[0]
    rates.update(reading(before), NOW)
    for after in records[1:]:
        rates.move(differences(before, after), NOW)
        before = after
        assert served(rates) == whole(after)


def test_a_scrape_under_way_sees_one_state() -> None:
    rates = RatesCollector()
    rates.update(reading({("A", NOW.date(), "all", "procedures.planned"): 1}), NOW)
    scrape = iter(rates.collect())
    seen = [next(scrape)]
    rates.move([Change("A", NOW.date(), "all", "procedures.planned", 1)], NOW)
    seen += scrape
    alone = RatesCollector()
    alone.update(reading({("A", NOW.date(), "all", "procedures.planned"): 1}), NOW)
    assert [family.samples for family in seen] == [family.samples for family in alone.collect()]
