"""The guards of the pipeline, each with the edits that take it away: what the chaos test must notice."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutation:
    """A guard, the edits that take it away (file, text, replacement), and a test that holds it to its task directly."""

    name: str
    guard: str
    edits: tuple[tuple[str, str, str], ...]
    test: str = ""


LEDGER, OUTBOX = "services/runtime/ledger.py", "services/runtime/outbox.py"
WORKER, PUBLISHER = "services/runtime/worker.py", "services/runtime/outbox_publisher.py"
PUBLISHING, KIN = "services/charts/publishing.py", "services/charts/kin.py"

MUTATIONS = (
    Mutation(
        "identity",
        "ledger: a re-send is told by sender, control id and content",
        ((LEDGER, "firsts[_key(outcome.identity)] == message.place", "firsts[_key(outcome.identity)]"),),
    ),
    Mutation(
        "place",
        "ledger: a message that is delivered again is known by its place",
        ((LEDGER, "return {m.place for m in messages} - seen", "return {m.place for m in messages} | seen"),),
    ),
    Mutation(
        "facts-key",
        "facts: unique by id and version",
        (
            (
                "services/charts/migrations/versions/0001_first_schema.py",
                '        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_facts")),\n',
                "",
            ),
            (
                PUBLISHING,
                """    return statement.on_conflict_do_update(
        index_elements=["id", "version"],
        set_={"weight": new.weight, "body": new.body},
        where=(facts.c.version == "") & (facts.c.weight < new.weight),
    ).returning(""",
                "    return statement.returning(",
            ),
        ),
        "tests/charts/test_publishing.py::test_the_same_facts_twice_are_entered_once",
    ),
    Mutation(
        "weight",
        "facts: an older treatment summary never replaces a fuller one",
        ((PUBLISHING, "(facts.c.weight < new.weight)", "(facts.c.weight != new.weight)"),),
        "tests/charts/test_beside_each_other.py::test_an_older_treatment_summary_never_replaces_a_fuller_one",
    ),
    Mutation(
        "row-lock",
        "outbox: rows are locked from the read to the broker's acknowledgment",
        ((OUTBOX, "            .with_for_update(skip_locked=True)\n", ""),),
        "tests/runtime/test_redelivery.py::test_a_newer_revision_waits_while_an_older_one_is_on_its_way",
    ),
    Mutation(
        "settle-after-ack",
        "outbox: only what the broker has acknowledged is deleted",
        (
            (
                PUBLISHER,
                "        sent: list[int] = []\n        try:\n",
                """        sent = [row.id for row in rows]
        await asyncio.to_thread(outbox.settle, connection, sent)
        try:
""",
            ),
            (
                PUBLISHER,
                "            await asyncio.shield(asyncio.to_thread(outbox.settle, connection, sent))",
                "            pass",
            ),
        ),
    ),
    Mutation(
        "ack-after-commit",
        "worker: a batch is acknowledged after its transaction has been committed",
        (
            (
                WORKER,
                "            await self._guard(event.value)",
                "            asyncio.get_running_loop().create_task(self._guard(event.value))",
            ),
        ),
    ),
    Mutation(
        "other-partitions",
        "worker: the other partitions of a bundle are acknowledged after its transaction, too",
        (
            (
                WORKER,
                """            await self._guard(event.value)
            self._acknowledge(event.message)
""",
                """            self._acknowledge(event.message)
            await asyncio.sleep(1)
            await self._guard(event.value)
""",
            ),
        ),
        "tests/runtime/test_acknowledgment.py::test_the_other_partitions_are_acknowledged_after_the_transaction",
    ),
    Mutation(
        "exit-on-bug",
        "worker: a bug ends the process before the acknowledgment",
        (
            (
                WORKER,
                '            self._die("bug_stops_the_service", EX_BUG, bug, messages[0].place if messages else "")',
                "            self.log.error('bug')",
            ),
        ),
    ),
    Mutation(
        "retry",
        "worker: what is unavailable is tried again until it answers",
        ((WORKER, "isinstance(problem, Unavailable) or unavailable(problem)", "isinstance(problem, Unavailable)"),),
    ),
    Mutation(
        "from-the-start",
        "worker: a consumer group without offsets begins with the oldest record",
        (
            (
                "services/runtime/faust_app.py",
                'consumer_auto_offset_reset="earliest"',
                'consumer_auto_offset_reset="latest"',
            ),
            ("services/runtime/bundle_consumer.py", "                await self.seek(tp, 0)", "                pass"),
        ),
    ),
    Mutation(
        "one-transaction",
        "ingest: the ledger and what its messages say are one transaction",
        (
            (
                "services/runtime/ingest.py",
                "            entered = ledger.enter(connection, service, screened, sink)\n",
                """            later: list[T] = []
            entered = ledger.enter(connection, service, screened, lambda _, found: later.extend(found))
        with engine.begin() as connection:
            if later:
                sink(connection, later)
""",
            ),
        ),
    ),
    Mutation(
        "kin-lock",
        "joiner: kin groups are locked while they are folded and replaced",
        ((KIN, ".order_by(kin.c.id).with_for_update()", ".order_by(kin.c.id)"),),
        "tests/charts/test_publishing.py::test_two_workers_with_shuffled_halves_end_where_one_ends",
    ),
    Mutation(
        "dirty-mark",
        "rates: a day that changes while it is summed is marked again",
        (
            (
                "services/charts/day_sums.py",
                'statement.on_conflict_do_update(index_elements=["site", "day"], set_=again)',
                "statement.on_conflict_do_nothing()",
            ),
        ),
        "tests/charts/test_beside_each_other.py::test_a_day_that_changes_while_it_is_summed_is_marked_again",
    ),
    Mutation(
        "one-sum",
        "rates: days and months are summed one after the other",
        (("services/charts/day_sums.py", "    connection.execute(_ONE_AT_A_TIME)\n", ""),),
        "tests/charts/test_beside_each_other.py::test_a_sum_of_a_month_waits_for_a_sum_of_its_days",
    ),
    Mutation(
        "summary-lock",
        "reducer: one worker at a time sums the frames of a procedure",
        (
            (
                "services/telemetry_reducer/app.py",
                '"SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"',
                '"SELECT hashtextextended(:name, 0)"',
            ),
        ),
        "tests/charts/test_beside_each_other.py::test_two_reducers_on_one_procedure_sum_one_after_the_other",
    ),
    Mutation(
        "revision",
        "sinks: a lower revision replaces nothing",
        (
            (OUTBOX, "        where=outbox.c.revision <= new.revision,\n", ""),
            (PUBLISHING, "        where=table.c.revision <= statement.excluded.revision,\n", ""),
        ),
        "tests/runtime/test_redelivery.py::test_a_lower_revision_is_refused_by_the_outbox_and_counted",
    ),
)
