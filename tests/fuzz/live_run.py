"""Mutants through the real broker, database and services, among the messages of the paper's cohort.

The mutants are those of another hospital's messages, so the paper's cohort has to come out as if they weren't there;
and the whole must equal what the pure core makes of the same bytes: ledger, records and events.
"""

import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from kafka import KafkaProducer
from sqlalchemy import create_engine

from deploy.local.broker import LocalBroker
from deploy.local.database import LocalDatabase
from deploy.local.paper_tables import cells
from deploy.local.stack import Stack, running
from services.charts.rates import site_counts
from simulators.message import Message
from simulators.play import Run, build_run, write_clock
from simulators.registry import SITE_OF_COHORT
from simulators.sites import sites_toml
from tests.fuzz.hospital import disturbed
from tests.fuzz.mutant import Mutant, mutants
from tests.fuzz.seeds import of_messages
from tests.live.outcome import as_published, ledger, oracle, published, settle

SERVICES = ("report_normalizer", "telemetry_reducer", "procedure_joiner", "window_timer", "complication_metrics")
ODD_RECORDS = 200
"""Every so many records one has what only Kafka can say: a time before there was Kafka, a header twice."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What went into Kafka, as the oracle reads it, and the genuine messages alone."""

    messages: list[Message]
    genuine: Run

    @property
    def site(self) -> str:
        """The paper's site."""
        return SITE_OF_COHORT["paper"].code

    @property
    def numbers(self) -> tuple[int, int]:
        """Genuine messages, mutants."""
        return len(self.genuine.messages), len(self.messages) - len(self.genuine.messages)


def send(stack: Stack, count: int, seed: int) -> Sent:
    """Mix ``count`` mutants into the paper's cohort and produce all of it."""
    genuine = build_run(seed=seed, cohort="paper", faults=0.2)
    rng = Random(seed)
    mixed: list[Message] = list(genuine.messages)
    seeds = of_messages(disturbed().messages)
    for mutant in mutants(seeds, seed, count):
        mixed.insert(rng.randint(0, len(mixed)), _message(mutant, genuine))
    producer = KafkaProducer(bootstrap_servers=stack.kafka, acks="all", linger_ms=20, max_request_size=8 * 2**20)
    failed: list[BaseException] = []
    for number, m in enumerate(mixed):
        odd = number % ODD_RECORDS == ODD_RECORDS - 1
        headers = [*m.headers, *m.headers[:1]] if odd else m.headers
        at = rng.choice((0, 1)) if odd else None
        producer.send(m.topic, m.value or None, m.key, headers, timestamp_ms=at).add_errback(failed.append)
    producer.flush(timeout=120)
    producer.close()
    if failed:
        raise failed[0]
    write_clock(stack.clock_file, genuine.horizon)
    return Sent(mixed, genuine)


def _message(mutant: Mutant, run: Run) -> Message:
    return Message(mutant.topic, mutant.key, mutant.value, list(mutant.headers.items()), run.horizon)


def problems(stack: Stack, sent: Sent) -> list[str]:
    """What isn't as it must be once all has come out, in words; empty when all is well."""
    found = [
        f"{name} ended with code {service.process.returncode}"
        for name, service in stack.services.items()
        if service.process.poll() is not None
    ]
    whole = oracle(sent.messages, stack, sent.genuine.horizon)
    if ledger(stack) != whole.ledger:
        found.append(f"the ledger has {ledger(stack)}, not {whole.ledger}")
    if sum(ledger(stack).values()) != len(sent.messages):
        found.append(f"{len(sent.messages)} messages went in, {sum(ledger(stack).values())} are in the ledger")
    if as_published(whole) != published(stack):
        found.append("records and events differ from those that the pure core makes of the same bytes")
    alone = as_published(oracle(list(sent.genuine.messages), stack, sent.genuine.horizon))
    there = {kind: set(bodies) for kind, bodies in published(stack).items()}
    missing = [body for kind, bodies in alone.items() for body in bodies if body not in there[kind]]
    if missing:
        found.append(f"{len(missing)} of the genuine records and events are not as without mutants: {missing[0][:200]}")
    wrong = _disagreeing(stack, sent)
    if wrong:
        found.append(f"{len(wrong)} cells of the paper's tables disagree: {wrong[0]}")
    return found


def live(count: int, seed: int) -> int:
    """Run with servers of its own and print what became of it; 1 when something isn't as it must be."""
    with ExitStack() as opened:
        folder = Path(opened.enter_context(TemporaryDirectory()))
        (folder / "sites.toml").write_text(sites_toml(), "utf-8")
        broker = opened.enter_context(LocalBroker())
        database = opened.enter_context(LocalDatabase())
        stack = Stack(broker.bootstrap, database.create_database("fuzz"), folder)
        stack.extra["CRYOWATCH_DEAD_LETTER_LIMIT"] = "1000000"  # mutants in a row are no sign of a bad release here
        opened.enter_context(running(stack, SERVICES))
        started, before = time.monotonic(), _memory(stack)
        sent = send(stack, count, seed)
        settle(stack, len(sent.messages), sent.genuine.horizon, patience=120 + count / 20)
        found = problems(stack, sent)
        for (topic, outcome), number in sorted(ledger(stack).items()):
            print(f"{topic:22}{outcome:12}{number}")
        genuine, mutated = sent.numbers
        print(f"{genuine} genuine messages, {mutated} mutants, {time.monotonic() - started:.0f} s")
        after = _memory(stack)
        print("memory, MB:", ", ".join(f"{name} {before[name]:.0f} -> {after[name]:.0f}" for name in before))
        for problem in found:
            sys.stdout.write(f"{problem}\n")
        return 1 if found else 0


def _disagreeing(stack: Stack, sent: Sent) -> list[str]:
    """The cells of the paper's tables that don't agree, over the paper's own site."""
    engine = create_engine(stack.database_url)
    with engine.connect() as connection:
        of_site = {one.site: one.counts for one in site_counts(connection, sent.genuine.horizon, ["all"])}
    engine.dispose()
    return [f"{cell.table} {cell.row}" for cell in cells(of_site[sent.site]) if not cell.agrees]


def _memory(stack: Stack) -> dict[str, float]:
    found = {}
    for name, service in stack.services.items():
        pages = int(Path(f"/proc/{service.process.pid}/statm").read_text("ascii").split()[1])
        found[name] = pages * 4096 / 2**20
    return found
