"""The joiner's batch: every fact of it, and all that follows from them, in one transaction."""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine

from services.charts.publishing import EVENTS, RECORDS, Publisher
from services.clinical.facts import Fact
from services.clinical.publish import Rules
from services.procedure_joiner.handler import handle
from services.runtime import dead_letters, ledger
from services.runtime.clock import Clock
from services.runtime.database import make_engine
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Invalid
from services.runtime.settings import Settings
from services.runtime.worker import Applied, Processor, Worker

SERVICE, TOPIC = "procedure_joiner", "clinical-facts"


def build(settings: Settings) -> Processor:
    """The joiner as a processor of clinical-facts."""
    rules = Rules(event_key=settings.secret("event_id_key"), published=settings.ruleset)
    publisher = Publisher(rules, settings.secret("routing_key"))
    clock = Clock(settings.clock_file)

    def apply(engine: Engine, messages: Sequence[InboundMessage]) -> Applied:
        handled = [(message, handle(message)) for message in messages]
        batch = [outcome for _, outcome in handled if isinstance(outcome, Fact)]
        letters = [(message, outcome) for message, outcome in handled if isinstance(outcome, Invalid)]
        with engine.begin() as connection:
            new = publisher.enter(connection, batch, clock.now())
            buried = _bury(connection, letters)
        counts = {"done": new, "duplicate": len(batch) - new, "dead_letter": buried}
        entered = {(TOPIC, name): n for name, n in counts.items() if n}
        if not buried:
            return Applied(entered, 0, unbroken=False)  # none that is new: what is delivered again counts once
        run = next((i for i, (_, o) in enumerate(reversed(handled)) if isinstance(o, Fact)), len(handled))
        return Applied(entered, run, run == len(handled))

    def bury(engine: Engine, message: InboundMessage) -> Applied:
        with engine.begin() as connection:
            buried = _bury(connection, [(message, Invalid("rejected_by_database"))])
        return Applied({(TOPIC, "dead_letter"): buried} if buried else {}, buried, bool(buried))

    return Processor(SERVICE, (TOPIC,), (RECORDS, EVENTS, dead_letters.TOPIC), apply, bury)


def _bury(connection: Connection, letters: list[tuple[InboundMessage, Invalid]]) -> int:
    """Dead letters, with their rows in the ledger, so that one that is delivered again is none; how many were new."""
    return sum(ledger.enter(connection, SERVICE, letters, lambda *_: None).values()) if letters else 0


def run(settings: Settings) -> None:
    """Run until stopped."""
    Worker(build(settings), settings, make_engine(settings)).run()
