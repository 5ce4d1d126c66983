"""Rolling windows in SQL are the sums of their days, and a site without a day in a window has none."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, create_engine, insert, text

from deploy.local.database import LocalDatabase
from services.charts.day_sums import Change, DaySums, mark, sum_dirty_days, sum_dirty_months, sum_some
from services.charts.rates import SiteCounts, site_counts
from services.charts.tables import contributions, day_totals, month_totals
from services.clinical.rates.rate import WINDOWS
from services.command.migrate import alembic_config

pytestmark = pytest.mark.live
TODAY = datetime(2024, 6, 30, 15, tzinfo=UTC)
LENGTHS = {"30d": 30, "90d": 90, "365d": 365}
ROWS = [
    {"site": site, "day": TODAY.date() - timedelta(days=back), "stratum": stratum, "count": n, "owners": 1 + n % 3}
    for site, backs in (("IEO", (-1, 0, 29, 30, 89, 90, 364, 365, 900)), ("OSL", (100, 900)))
    for n, back in enumerate(backs, 1)
    for stratum in ("all", "organ=lung")[: 1 + n % 2]
]


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    with LocalDatabase() as server:
        engine = create_engine(server.create_database("windows"))
        command.upgrade(alembic_config(engine), "head")
        with engine.begin() as opened:
            opened.execute(text("INSERT INTO kin (id) OVERRIDING SYSTEM VALUE VALUES (1)"))
            for number, row in enumerate(ROWS):
                counts = {row["stratum"]: {"events.all": row["count"]}}
                where = {"site": row["site"], "day": row["day"]}
                owners = [
                    {"owner": f"o{number}-{k}", "kin": 1, "counts": counts, **where} for k in range(row["owners"])
                ]
                opened.execute(insert(contributions), owners)
                mark(opened, {(row["site"], row["day"])})
            yield opened
        engine.dispose()


def expected(windows: tuple[str, ...]) -> list[tuple[str, str, dict[tuple[str, str], int]]]:
    found = []
    for window in windows:
        first = TODAY.date() - timedelta(days=LENGTHS[window]) if window in LENGTHS else date.min
        by_site: dict[str, dict[tuple[str, str], int]] = {}
        for row in ROWS:
            if first < row["day"] <= TODAY.date():
                counts = by_site.setdefault(row["site"], {})
                key = (row["stratum"], "events.all")
                counts[key] = counts.get(key, 0) + row["count"] * row["owners"]
        found += [(site, window, counts) for site, counts in sorted(by_site.items())]
    return found


def plain(found: list[SiteCounts]) -> list[tuple[str, str, dict[tuple[str, str], int]]]:
    return [(one.site, one.window, dict(one.counts.values)) for one in found]


def _change(row: dict[str, Any], sign: int) -> Change:
    return Change(row["site"], row["day"], row["stratum"], "events.all", sign * row["count"] * row["owners"])


@pytest.mark.parametrize("windows", [WINDOWS, ("all",), ("30d",), ("365d", "30d"), ("90d", "all")])
def test_a_window_is_the_sum_of_its_days(connection: Connection, windows: tuple[str, ...]) -> None:
    """Whether the months are summed, or some of them, or none: what is marked is read from its days."""
    mark(connection, {(row["site"], row["day"]) for row in ROWS})
    days = [found.days for found in iter(lambda: sum_dirty_days(connection, limit=4), DaySums())]
    assert plain(site_counts(connection, TODAY, windows)) == expected(windows)
    months = 0
    while sum_dirty_months(connection, limit=2):
        assert plain(site_counts(connection, TODAY, windows)) == expected(windows)
        months += 1
    assert (sum(days), months) == (11, 6)


def test_a_day_of_a_summed_month_counts_once_when_it_changes(connection: Connection) -> None:
    while sum_some(connection):
        pass
    old = TODAY.date() - timedelta(days=900)
    with connection.begin_nested() as undone:
        connection.execute(text("DELETE FROM contributions WHERE site = 'OSL' AND day = :day"), {"day": old})
        mark(connection, {("OSL", old)})
        before = plain(site_counts(connection, TODAY, ["all"]))
        gone = [row for row in ROWS if (row["site"], row["day"]) == ("OSL", old)]
        summed = sum_dirty_days(connection)
        assert (summed.days, set(summed.changes)) == (1, {_change(row, -1) for row in gone})
        after = plain(site_counts(connection, TODAY, ["all"]))
        assert before != after
        assert sum_dirty_months(connection) == 1
        assert after == plain(site_counts(connection, TODAY, ["all"]))
        undone.rollback()


@pytest.mark.parametrize("seed", range(60))
def test_any_windows_on_any_date_whatever_is_marked(connection: Connection, seed: int) -> None:
    """Totals as they may lie there: months of marked days are behind, and say something absurd."""
    dice = random.Random(seed)
    today = date(2023, 1, 1) + timedelta(days=dice.randrange(900))
    days = [(site, today + timedelta(days=dice.randint(-430, 2))) for site in ("A", "B") for _ in range(40)]
    totals = {place: dice.randint(1, 9) for place in days}
    marked = {place for place in totals if dice.random() < dice.choice((0.0, 0.05, 0.5))}
    behind = {(site, day.replace(day=1)) for site, day in marked}
    months: dict[tuple[str, date], int] = {}
    for (site, day), count in totals.items():
        month = (site, day.replace(day=1))
        months[month] = 1_000_000 if month in behind else months.get(month, 0) + count
    windows = tuple(dice.sample(WINDOWS, dice.randint(1, 4)))
    with connection.begin_nested() as undone:
        connection.execute(text("TRUNCATE day_totals, month_totals, dirty_days"))
        for table, at, of in ((day_totals, "day", totals), (month_totals, "month", months)):
            rows = [{"site": s, at: a, "counts": {"all": {"events.all": n}}} for (s, a), n in of.items()]
            connection.execute(insert(table), rows)
        mark(connection, marked)
        found = site_counts(connection, datetime.combine(today, time(12), UTC), windows)
        undone.rollback()
    sums: dict[tuple[str, str], int] = {}
    for (site, day), count in totals.items():
        for window in windows:
            if day <= today and (window == "all" or day > today - timedelta(days=LENGTHS[window])):
                sums[site, window] = sums.get((site, window), 0) + count
    assert {(one.site, one.window): one.counts.count("events.all") for one in found} == sums
