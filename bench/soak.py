"""Does one more fact cost more when a million procedures are closed? Time, memory and disk as history grows.

    python bench/soak.py                                  # 2 000 and 20 000 procedures: three minutes
    python bench/soak.py --procedures 10000 100000      # ten minutes, 3 GiB

One site's thousand procedures go through the real publisher. Further sites are copies of it made in SQL, row for row
(bodies, keys, groups, event ids by their key), since publishing a million one by one would measure patience. At each
size facts go through the real publisher again, each in a transaction of its own: late corrections of closed procedures
anywhere in the history, and new procedures; the answers are checked, and every sequential scan of a table that grows
is counted.
"""

import argparse
import random
import re
import statistics
import sys
from datetime import timedelta
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1]))

from alembic import command
from sqlalchemy import Engine, create_engine, text

from bench.closed_procedures import (
    AS_OF,
    EVENTS_OF_A_SITE,
    KEY,
    ONE_SITE,
    SITE,
    TEXTS,
    copy_sites,
    facts_of,
    report,
    start_of,
)
from deploy.local.database import LocalDatabase
from services.charts.day_sums import sum_dirty_days, sum_dirty_months, sum_some
from services.charts.publishing import Publisher
from services.charts.rates import site_counts
from services.clinical.facts import Fact, state
from services.clinical.moments import at
from services.clinical.publish import Rules
from services.clinical.statements import ProcedureStatement
from services.command.migrate import alembic_config

PUBLISHER = Publisher(Rules(KEY), b"a key that hashes the keys of Kafka")
GROWING = (
    "kin",
    "kin_names",
    "facts",
    "procedure_records",
    "adverse_events",
    "adverse_event_versions",
    "contributions",
)


def first_site(engine: Engine) -> float:
    """Publish one site through the real publisher; procedures a second."""
    started = perf_counter()
    for first in range(0, ONE_SITE, 50):
        with engine.begin() as connection:
            batch = [fact for n in range(first, first + 50) for fact in facts_of(SITE, n)]
            PUBLISHER.enter(connection, batch, AS_OF)
    with engine.begin() as connection:
        while sum_some(connection):
            pass
    return ONE_SITE / (perf_counter() - started)


def scans(engine: Engine) -> dict[str, int]:
    """Sequential scans of the tables that grow."""
    with engine.connect() as connection:
        query = text("SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname = ANY(:names)")
        return dict(connection.execute(query, {"names": list(GROWING)}).all())  # type: ignore[arg-type]


def resident_mib() -> float:
    """This process's resident memory."""
    found = re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def timed(engine: Engine, batches: list[list[Fact]]) -> tuple[list[float], int]:
    """Milliseconds of each transaction, and how many facts were new."""
    took, new = [], 0
    for batch in batches:
        started = perf_counter()
        with engine.begin() as connection:
            new += PUBLISHER.enter(connection, batch, AS_OF)
        took.append(1000 * (perf_counter() - started))
    return took, new


def measure(engine: Engine, sites: int, size: int, count: int, dice: random.Random) -> list[str]:
    """Facts, sums and searches at this size; the cells of one line."""
    engine.dispose()  # a connection that ends hands in its statistics
    before = scans(engine)
    picked = [(f"S{dice.randrange(1, sites):05d}", dice.randrange(ONE_SITE)) for _ in range(count)]
    serial = 100 * size
    late = [
        report(
            site,
            n,
            TEXTS[n % 4] + f"\nAddendum {size}.",
            start_of(n) + timedelta(hours=26),
            sent=AS_OF + timedelta(minutes=k),
        )
        for k, (site, n) in enumerate(picked)
    ]
    corrected, new = timed(engine, late)
    assert new == 2 * count, "every correction is new"
    fresh = [
        [
            state(
                ProcedureStatement(
                    f"S{dice.randrange(1, sites):05d}", f"N{serial + k}", f"Q{serial + k}", at(AS_OF), at(AS_OF)
                )
            )
        ]
        for k in range(count)
    ]
    begun, new = timed(engine, fresh)
    assert new == count
    started = perf_counter()
    days = 0
    while True:
        with engine.begin() as connection:
            summed = sum_dirty_days(connection, limit=50).days
        days += summed
        if not summed:
            with engine.begin() as connection:
                summed = sum_dirty_months(connection, limit=50)
        if not summed:
            break
    summing = 1000 * (perf_counter() - started) / days
    searching = []
    for site, n in picked[:50]:
        started = perf_counter()
        with engine.connect() as connection:
            for field, value in (("patient_id", f"P{n:05d}"), ("accession", f"A{n:05d}")):
                query = text(f"SELECT id FROM adverse_events WHERE body->>'{field}' = :v AND site = :s LIMIT 50")
                found = connection.execute(query, {"v": value, "s": site}).all()
                assert len(found) == (1 if n % 4 < 2 else 0)
        searching.append(500 * (perf_counter() - started))
    engine.dispose()
    after = scans(engine)
    scanned = {name: after[name] - before[name] for name in GROWING if after[name] != before[name]}
    assert not scanned, f"sequential scans of tables that grow: {scanned}"

    def cell(values: list[float]) -> str:
        return f"{statistics.median(values):.1f} / {sorted(values)[int(0.95 * len(values))]:.1f}"

    return [cell(corrected), cell(begun), f"{summing:.1f}", cell(searching), str(sum(scanned.values()))]


def check(engine: Engine, sites: int, begun: int) -> float:
    """The answers at this size; seconds that reading all rates takes."""
    started = perf_counter()
    with engine.connect() as connection:
        found = site_counts(connection, AS_OF + timedelta(days=1), ["all"])
        took = perf_counter() - started
        events = connection.execute(text("SELECT count(*) FROM adverse_events WHERE status = 'live'")).scalar_one()
    planned = sum(one.counts.count("procedures.planned", "all") for one in found)
    with_event = sum(one.counts.count("procedures.with_event", "all") for one in found)
    assert planned == sites * ONE_SITE + begun, (planned, sites, begun)
    assert with_event == events == sites * EVENTS_OF_A_SITE, (with_event, events)
    return took


def sizes(engine: Engine) -> list[tuple[str, int, float, float]]:
    """Rows and bytes a row of each table: heap with its long values, and indexes."""
    query = text(
        "SELECT relname, GREATEST(n_live_tup, 1), pg_table_size(relid), pg_indexes_size(relid) FROM pg_stat_user_tables"
        " WHERE n_live_tup > 0 ORDER BY pg_total_relation_size(relid) DESC"
    )
    with engine.connect() as connection:
        return [(name, rows, heap / rows, index / rows) for name, rows, heap, index in connection.execute(query)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--procedures", type=int, nargs="+", default=[2000, 20_000], help="thousands, 2000 or more")
    parser.add_argument("--messages", type=int, default=200, help="measured facts of each kind at each size")
    options = parser.parse_args()
    dice, begun, have = random.Random(1), 0, 1
    with LocalDatabase() as server:
        engine = create_engine(server.create_database("soak"))
        command.upgrade(alembic_config(engine), "head")
        speed = first_site(engine)
        print(f"through the publisher: {speed:.0f} procedures/s of seven facts; times are median / 95th percentile")
        print(
            "procedures | correction ms | new ms | day sum ms | search ms | scans | rates s | MiB resident | KiB each"
        )
        for size in sorted(options.procedures):
            sites = size // ONE_SITE
            for first in range(have, sites, 20):
                copy_sites(engine, first, min(first + 20, sites))
            have = max(have, sites)
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(
                    text("SELECT setval(pg_get_serial_sequence('kin', 'id'), (SELECT max(id) FROM kin))")
                )
                connection.execute(text("VACUUM ANALYZE"))
                connection.execute(text("CHECKPOINT"))
                disk = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
            measure(engine, sites, size, 20, random.Random(size))  # warm
            cells = measure(engine, sites, size + 7, options.messages, dice)
            begun += 20 + options.messages
            rates = check(engine, sites, begun)
            print(
                " | ".join(
                    [f"{size:>10,}", *cells, f"{rates:.2f}", f"{resident_mib():.0f}", f"{disk / 1024 / size:.1f}"]
                ),
                flush=True,
            )
        print("\ntable | rows | bytes a row | index bytes a row")
        for name, rows, heap, index in sizes(engine):
            print(f"{name} | {rows:,} | {heap:.0f} | {index:.0f}")
        engine.dispose()


if __name__ == "__main__":
    main()
