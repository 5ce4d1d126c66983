"""Who takes part, what each does with a message, and what it promises."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contender:
    """``module`` is a program of this package, run with the peers' Python when ``peer``; else ``services`` are run."""

    name: str
    does: str
    promises: str
    kinds: tuple[str, ...]
    module: str = ""
    services: dict[str, tuple[str, ...]] | None = None
    peer: bool = False
    stateful: bool = True


CONTENDERS = (
    Contender(
        "CryoWatch",
        "telemetry: ledger, frames, summary, outbox in one transaction, then published from the outbox. "
        "reports: the same from HL7 to facts, through Kafka to the joiner: facts, kin, records, events, rates, outbox",
        "no message lost or counted twice; revisions leave in order from any number of workers; every message "
        "accounted for; poison goes to dead letters",
        ("telemetry", "reports"),
        services={"telemetry": ("telemetry_reducer",), "reports": ("report_normalizer", "procedure_joiner")},
    ),
    Contender(
        "confluent-kafka loop",
        "the same handlers and SQL in one process: no ledger, no outbox, no topic between; produce after the commit",
        "at least once; a crash after the commit publishes late; two workers may publish a stale summary last; "
        "a bad batch stops it",
        ("telemetry", "reports"),
        module="confluent_loop",
        peer=True,
    ),
    Contender(
        "FastStream",
        "the same as the confluent-kafka loop, in a batch subscriber over aiokafka",
        "as the confluent-kafka loop",
        ("telemetry", "reports"),
        module="faststream_batch",
        peer=True,
    ),
    Contender(
        "Quix Streams",
        "the same handler; digests and running sums in RocksDB with a changelog topic; a sum published per message",
        "at least once; state survives its disk through the changelog; no SQL, no joins across keys",
        ("telemetry",),
        module="quix_state",
        peer=True,
    ),
    Contender(
        "Faust agent, no-op",
        "`async for event in stream.events()` and nothing else",
        "a message whose body raises is lost",
        ("telemetry", "reports"),
        module="faust_noop",
        stateful=False,
    ),
    Contender(
        "CryoWatch's worker, no-op",
        "the same Faust, handed bundles; a processor that counts",
        "a batch is acknowledged after its body",
        ("telemetry", "reports"),
        module="worker_noop",
        stateful=False,
    ),
)
