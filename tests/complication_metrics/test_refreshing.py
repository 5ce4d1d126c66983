"""What is exposed is what the record says after every turn: after a failed reading, and when only time has passed."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, delete, insert, text

from deploy.local.database import LocalDatabase
from services.charts.day_sums import mark, sum_dirty_days
from services.charts.tables import contributions
from services.command.migrate import alembic_config
from services.complication_metrics import refreshing
from services.complication_metrics.collector import RatesCollector
from services.complication_metrics.refreshing import Refresher
from services.runtime.clock import Clock
from simulators.play import write_clock

pytestmark = pytest.mark.live


DAY = date(2024, 6, 10)
COUNTS = {"all": {"procedures.follow_up.waiting": 1}}
NOON = datetime(2024, 6, 30, 12, tzinfo=UTC)


class Ward:
    """A database with contributions, and a refresher that looks at it."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.rates = engine, RatesCollector()
        self.clock_file = folder / "clock"
        self.at(NOON)
        self.refresher = Refresher(engine, Clock(self.clock_file), self.rates)

    def at(self, now: datetime) -> None:
        write_clock(self.clock_file, now)

    def treat(self, site: str, owner: str) -> None:
        row = {"owner": owner, "site": site, "day": DAY, "kin": 1, "counts": COUNTS}
        with self.engine.begin() as connection:
            connection.execute(insert(contributions), [row])
            mark(connection, {(site, DAY)})

    def discharge(self, owner: str) -> None:
        with self.engine.begin() as connection:
            gone = delete(contributions).where(contributions.c.owner == owner)
            mark(connection, {(row.site, row.day) for row in connection.execute(gone.returning(contributions))})

    def turn(self) -> bool:
        with self.engine.begin() as connection:
            return self.refresher.turn(connection)

    def waiting(self, window: str = "all") -> dict[str, int]:
        """The gauge of procedures that wait for their CT, by site."""
        samples = [s for family in self.rates.collect() for s in family.samples if s.name == "cryo_procedures"]
        return {
            s.labels["site"]: int(s.value)
            for s in samples
            if s.labels["window"] == window and s.labels["follow_up"] == "waiting"
        }

    def marks(self) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM dirty_days")).scalar_one())


@pytest.fixture(scope="module")
def server() -> Iterator[LocalDatabase]:
    with LocalDatabase() as running:
        yield running


@pytest.fixture
def ward(server: LocalDatabase, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Ward]:
    engine = create_engine(server.create_database(f"turns_{abs(hash(request.node.name))}"))
    command.upgrade(alembic_config(engine), "head")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO kin (id) OVERRIDING SYSTEM VALUE VALUES (1)"))
    yield Ward(engine, tmp_path)
    engine.dispose()


def test_each_turn_exposes_what_changed_and_months_follow_when_it_is_quiet(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refreshing, "REFRESH_SECONDS", 3600.0)  # so that what is seen was moved by its days
    monkeypatch.setattr(refreshing, "MONTHS_SECONDS", 3600.0)
    assert not ward.turn()
    assert ward.waiting() == {}
    for number, (site, expected) in enumerate(
        (
            ("IEO", {"all": 1, "IEO": 1}),
            ("OSL", {"all": 2, "IEO": 1, "OSL": 1}),
            ("IEO", {"all": 3, "IEO": 2, "OSL": 1}),
        )
    ):
        ward.treat(site, f"o{number}")
        ward.turn()
        assert ward.waiting() == expected
    ward.discharge("o1")
    ward.turn()
    assert ward.waiting() == {"all": 2, "IEO": 2}
    assert ward.marks() == 2  # the days are summed, their months are not
    time.sleep(refreshing.QUIET_SECONDS)
    ward.turn()
    assert ward.marks() == 0
    assert ward.waiting() == {"all": 2, "IEO": 2}


def test_months_are_summed_now_and_then_while_days_change_in_every_turn(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refreshing, "QUIET_SECONDS", 3600.0)
    monkeypatch.setattr(refreshing, "MONTHS_SECONDS", 3600.0)
    ward.turn()
    left = []
    for number in range(3):
        ward.treat("IEO", f"o{number}")
        if number == 1:
            monkeypatch.setattr(ward.refresher, "_months_due", 0.0)
        ward.turn()
        left.append(ward.marks())
    assert left == [1, 0, 1]


def test_after_a_turn_that_failed_everything_is_read(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refreshing, "REFRESH_SECONDS", 3600.0)
    ward.turn()
    ward.treat("IEO", "o1")
    with monkeypatch.context() as failing:
        failing.setattr(ward.rates, "move", _fails)
        with pytest.raises(ConnectionError):
            ward.turn()
    assert ward.waiting() == {}
    time.sleep(refreshing.QUIET_SECONDS)
    ward.turn()
    assert ward.waiting() == {"all": 1, "IEO": 1}
    assert ward.marks() == 0  # the month that the failed turn had left, too


def test_months_that_another_replica_left_are_summed_by_who_takes_over(ward: Ward) -> None:
    ward.turn()
    time.sleep(refreshing.QUIET_SECONDS)
    ward.turn()
    ward.refresher.rest()
    ward.treat("IEO", "o1")
    with ward.engine.begin() as other:
        assert sum_dirty_days(other).days == 1
    ward.turn()
    time.sleep(refreshing.QUIET_SECONDS)
    ward.turn()
    assert (ward.marks(), ward.waiting()) == (0, {"all": 1, "IEO": 1})


def test_a_backlog_of_months_is_worked_off_while_days_come(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refreshing, "SUMMED_AT_ONCE", 2)
    monkeypatch.setattr(refreshing, "QUIET_SECONDS", 3600.0)
    ward.turn()
    for number in range(7):
        ward.treat(f"S{number}", f"o{number}")
    with ward.engine.begin() as other:
        assert sum_dirty_days(other).days == 7
    monkeypatch.setattr(ward.refresher, "_months_wait", True)
    monkeypatch.setattr(ward.refresher, "_months_due", 0.0)
    left = []
    for number in range(4):
        ward.treat("IEO", f"late{number}")
        assert ward.turn()
        left.append(ward.marks())
    assert left == [6, 4, 2, 0]


def _fails(*_: object) -> None:
    raise ConnectionError


def test_a_window_rolls_on_with_the_date_although_nothing_was_said(ward: Ward) -> None:
    ward.treat("IEO", "o1")
    ward.turn()
    assert ward.waiting("30d") == {"all": 1, "IEO": 1}
    ward.at(NOON + timedelta(days=20))
    ward.turn()
    assert (ward.waiting("30d"), ward.waiting()) == ({}, {"all": 1, "IEO": 1})


def test_what_changed_without_a_mark_is_seen_when_all_is_read_again(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rebuilt schema takes the place of another so."""
    monkeypatch.setattr(refreshing, "REFRESH_SECONDS", 0.0)
    monkeypatch.setattr(refreshing, "REFRESH_SHARE", 0)
    ward.treat("IEO", "o1")
    ward.turn()
    with ward.engine.begin() as connection:
        connection.execute(
            text("UPDATE day_totals SET counts = :seven"),
            {"seven": json.dumps({"all": dict.fromkeys(COUNTS["all"], 7)})},
        )
    ward.turn()
    assert ward.waiting() == {"all": 7, "IEO": 7}


def test_at_rest_nothing_is_exposed_and_the_next_turn_reads_everything(ward: Ward) -> None:
    ward.treat("IEO", "o1")
    ward.turn()
    ward.refresher.rest()
    assert ward.waiting() == {}
    ward.turn()
    assert ward.waiting() == {"all": 1, "IEO": 1}
