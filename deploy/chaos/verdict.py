"""The referee: what is published and kept, compared with the oracle over what lies in the inbound topics.

The oracle is ``cryowatch analyze``: the pure function over the same bytes, without Kafka, a database or time.
"""

import json
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from prometheus_client import CollectorRegistry, generate_latest

from deploy.chaos.ground import Ground
from deploy.chaos.load import Load
from deploy.chaos.tape import Tape
from deploy.local.settled import INBOUND
from services.charts.rates import SiteCounts, window_start
from services.clinical.canonical import canonical, to_json
from services.clinical.facts import fact_from_json
from services.clinical.rates.contributions import Contribution
from services.clinical.rates.rate import WINDOWS, Counts
from services.clinical.rates.tally import Tally, add, each
from services.command.export_folder import Analysis, analyze_messages
from services.complication_metrics.collector import RatesCollector
from services.runtime.message import InboundMessage
from services.runtime.sites import load_sites

_METRICS_PATIENCE = 12.0


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference: what differs, and how much is lost or there twice (or more)."""

    what: str
    lost: int = 0
    doubled: int = 0

    def __str__(self) -> str:
        return f"{self.what}: {self.lost} lost, {self.doubled} too many"


def judge(ground: Ground, load: Load, tape: Tape, as_of: datetime) -> list[Finding]:
    """Every difference between the settled pipeline and the oracle; none when all is well."""
    tape.wind()
    analysis = oracle(ground.stack.folder, tape, as_of)
    found = at_the_door(load, tape)
    with ground.connect() as connection:
        found += ledger(connection, tape, analysis)
        found += facts(connection, tape)
        found += outcome(connection, analysis)
        found += compacted(connection, tape)
    found += metrics(ground, analysis, as_of)
    found += resources(ground, analysis)
    return found


def oracle(folder: Path, tape: Tape, as_of: datetime) -> Analysis:
    """The inbound topics through the pure core alone."""
    messages = [
        InboundMessage(r.topic, r.partition, r.offset, r.value, r.key, dict(reversed(r.headers)))
        for topic in INBOUND
        for r in tape.records[topic]
    ]
    key = (folder / "secrets" / "event_id_key").read_bytes().strip()
    return analyze_messages(messages, load_sites(folder / "sites.toml"), key, as_of, "orsi-2024")


def at_the_door(load: Load, tape: Tape) -> list[Finding]:
    """What was accepted lies in its topic; more often is a sender's repetition, and told as a duplicate later."""
    there = Counter((r.topic, r.value) for topic in INBOUND for r in tape.records[topic])
    lost = sum((load.accepted - there).values())
    strange = sum(number for sent, number in there.items() if sent not in load.accepted)
    return _finding("messages accepted at the door and in Kafka", lost, strange)


def ledger(connection: psycopg.Connection[Any], tape: Tape, analysis: Analysis) -> list[Finding]:
    """In = done + duplicates + ignored + dead letters, by topic and to the message; and each as the oracle has it."""
    found: list[Finding] = []
    places = {(r.topic, r.partition, r.offset) for topic in INBOUND for r in tape.records[topic]}
    rows = connection.execute('SELECT topic, partition, "offset", outcome FROM message_ledger').fetchall()
    inbound = [row for row in rows if row[0] in INBOUND]
    entered = Counter(row[:3] for row in inbound)
    found += _compare("ledger rows and records in the inbound topics", Counter(places), entered)
    outcomes = Counter((row[0], row[3]) for row in inbound)
    found += _compare("outcomes in the ledger and by the oracle", Counter(analysis.ledger), outcomes)
    letters = {r.key for r in tape.records["dead-letters"]}
    dead = Counter(f"{row[0]}/{row[1]}/{row[2]}".encode() for row in rows if row[3] == "dead_letter")
    found += _compare("dead letters in the topic and in the ledger", dead, Counter(letters))
    return found


def facts(connection: psycopg.Connection[Any], tape: Tape) -> list[Finding]:
    """Every fact in clinical-facts is kept once, and none that isn't there."""
    said = {}
    for record in tape.records["clinical-facts"]:
        fact = fact_from_json(json.loads(record.value))
        said[(fact.id, "" if fact.replaces else fact.version)] = 1
    kept = Counter((row[0], row[1]) for row in connection.execute("SELECT id, version FROM facts").fetchall())
    return _compare("facts in the topic and in the database", Counter(said), kept)


def outcome(connection: psycopg.Connection[Any], analysis: Analysis) -> list[Finding]:
    """Procedure records, adverse events, rate contributions and totals are the oracle's, byte for byte."""
    records = connection.execute("SELECT body FROM procedure_records").fetchall()
    events = connection.execute("SELECT body FROM adverse_events WHERE status = 'live'").fetchall()
    kept = connection.execute(
        "SELECT owner, site, day, s.key, m.key, m.value::integer"
        " FROM contributions, jsonb_each(counts) s, jsonb_each_text(s.value) m"
    ).fetchall()
    totals = connection.execute("SELECT site, day, counts FROM day_totals").fetchall()
    by_month = connection.execute("SELECT site, month, counts FROM month_totals").fetchall()
    wanted = [(*c[:3], *one) for c in analysis.contributions for one in each(c.counts)]
    days: Counter[tuple[Any, ...]] = Counter()
    for _, *key, count in wanted:
        days[tuple(key)] += count
    summed = Counter((*key, count) for key, count in days.items())
    months: Counter[tuple[Any, ...]] = Counter()
    for (site, day, stratum, measure), count in days.items():
        months[site, day.replace(day=1), stratum, measure] += count
    summed_by_month = Counter((*key, count) for key, count in months.items())
    live = [event for event in analysis.events if event.status == "live"]
    return [
        *_compare("procedure records", _texts(to_json(r) for r in analysis.records), _texts(r[0] for r in records)),
        *_compare("adverse events", _texts(to_json(e) for e in live), _texts(r[0] for r in events)),
        *_compare("rate contributions", Counter(wanted), Counter(tuple(row) for row in kept)),
        *_compare("day totals", summed, _each_total(totals)),
        *_compare("month totals", summed_by_month, _each_total(by_month)),
    ]


def compacted(connection: psycopg.Connection[Any], tape: Tape) -> list[Finding]:
    """The last value of every key of the compacted topics is the database's, and revisions never went back."""
    found: list[Finding] = []
    for topic, table in (("procedure-records", "procedure_records"), ("adverse-events", "adverse_events")):
        last: dict[bytes | None, str] = {}
        revisions: dict[bytes | None, int] = {}
        back = 0
        for record in tape.records[topic]:
            value = json.loads(record.value)
            del value["schema"]
            back += value["revision"] < revisions.get(record.key, 0)
            revisions[record.key] = value["revision"]
            last[record.key] = canonical(value)
        rows = connection.execute(f"SELECT body FROM {table}").fetchall()  # noqa: S608  # one of two names
        found += _compare(f"last values of {topic} and rows", _texts(row[0] for row in rows), Counter(last.values()))
        found += _finding(f"revisions that went back in {topic}", 0, back)
    return found


def metrics(ground: Ground, analysis: Analysis, as_of: datetime) -> list[Finding]:
    """The rates that Prometheus scrapes are those of the oracle's contributions, sample for sample."""
    wanted = Counter(_samples(_rates(analysis.contributions, as_of)))
    deadline = time.monotonic() + _METRICS_PATIENCE
    port = ground.stack.services["complication_metrics"].ops_port
    while True:
        served = Counter(line for line in _samples(_get(f"http://127.0.0.1:{port}/metrics")) if _name(line) in _NAMES)
        found = _compare("samples of the rates", wanted, served)
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


def resources(ground: Ground, analysis: Analysis) -> list[Finding]:
    """The FHIR gateway serves the standing events and no others."""
    served = []
    page: str | None = f"http://127.0.0.1:{ground.stack.ports['gateway']}/r4/AdverseEvent?_count=100"
    while page:
        bundle = json.loads(_get(page))
        served += [entry["resource"] for entry in bundle.get("entry", ())]
        page = next((link["url"] for link in bundle.get("link", ()) if link["relation"] == "next"), None)
    standing = Counter(one["id"] for one in served if "modifierExtension" not in one)
    live = Counter(event.id for event in analysis.events if event.status == "live")
    return _compare("AdverseEvent resources", live, standing)


def _each_total(rows: Iterable[tuple[Any, ...]]) -> Counter[Any]:
    return Counter((site, at, *one) for site, at, counts in rows for one in each(counts))


def _rates(contributions: Iterable[Contribution], as_of: datetime) -> bytes:
    by: dict[tuple[str, str], Tally] = {}
    for one in contributions:
        for window in WINDOWS:
            first = window_start(window, as_of)
            if one.day <= as_of.date() and (first is None or one.day > first):
                add(by.setdefault((one.site, window), {}), one.counts)
    collector, registry = RatesCollector(), CollectorRegistry()
    collector.update([SiteCounts(site, window, Counts.of(sums)) for (site, window), sums in by.items()], as_of)
    registry.register(collector)
    return generate_latest(registry)


def _samples(exposition: bytes) -> list[str]:
    return [line for line in exposition.decode().splitlines() if line and not line.startswith("#")]


def _name(line: str) -> str:
    return line.partition(" ")[0].partition("{")[0]


def _families() -> frozenset[str]:
    return frozenset(family.name for family in RatesCollector().collect())


_NAMES = _families()


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  # our own services
        body: bytes = answer.read()
        return body


def _texts(bodies: Iterable[Any]) -> Counter[str]:
    return Counter(canonical(body) for body in bodies)


def _compare(what: str, wanted: Mapping[Any, int], found: Mapping[Any, int]) -> list[Finding]:
    lost = sum((Counter(wanted) - Counter(found)).values())
    doubled = sum((Counter(found) - Counter(wanted)).values())
    return _finding(what, lost, doubled)


def _finding(what: str, lost: int, doubled: int) -> list[Finding]:
    return [Finding(what, lost, doubled)] if lost or doubled else []
