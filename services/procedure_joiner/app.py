"""The joiner's batch: every fact of it, and all that follows from them, in one transaction."""

from collections.abc import Sequence

from sqlalchemy import Engine

from services.charts.outgoing_bodies import EVENTS, RECORDS
from services.charts.publishing import Publisher
from services.charts.subjects import fact_subjects
from services.clinical.facts import Fact
from services.clinical.publish import Rules
from services.clinical.reading import prepare
from services.procedure_joiner.handler import handle
from services.runtime import dead_letters
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
    clock, subjects = Clock(settings.clock_file), fact_subjects(settings)

    def apply(engine: Engine, messages: Sequence[InboundMessage]) -> Applied:
        handled = [(message, handle(message)) for message in messages]
        letters = [(message, outcome) for message, outcome in handled if isinstance(outcome, Invalid)]
        batch = [outcome for _, outcome in handled if isinstance(outcome, Fact)]
        with engine.begin() as connection:
            spared = subjects.spared(connection, batch)
            new = publisher.enter(connection, spared, clock.now())
            buried = dead_letters.bury(connection, SERVICE, letters, ledger=False)
        counts = {
            "done": new,
            "duplicate": len(spared) - new,
            "ignored": len(batch) - len(spared),
            "dead_letter": buried,
        }
        entered = {(TOPIC, name): n for name, n in counts.items() if n}
        return Applied.of(entered, [isinstance(outcome, Invalid) for _, outcome in handled])

    def bury(engine: Engine, message: InboundMessage) -> Applied:
        with engine.begin() as connection:
            letter = (message, Invalid("rejected_by_database"))
            buried = dead_letters.bury(connection, SERVICE, [letter], ledger=False)
        return Applied.of({(TOPIC, "dead_letter"): buried} if buried else {}, [True])

    return Processor(SERVICE, (TOPIC,), (RECORDS, EVENTS, dead_letters.TOPIC), apply, bury)


def run(settings: Settings) -> None:
    """Run until stopped."""
    prepare()
    Worker(build(settings), settings, make_engine(settings, by_index=True)).run()
