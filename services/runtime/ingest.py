"""A processor of inbound messages: a pure handler, the message ledger, and a sink for what the messages say."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import Connection, Engine

from services.runtime import dead_letters, ledger
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Done, Ignored, Invalid
from services.runtime.subjects import Subjects
from services.runtime.worker import Applied, Processor

T = TypeVar("T")


def ingest(
    service: str,
    sources: tuple[str, ...],
    sinks: tuple[str, ...],
    handle: Callable[[InboundMessage], Done[T] | Ignored | Invalid],
    sink: Callable[[Connection, list[T]], None],
    subjects: Subjects[T],
) -> Processor:
    """A processor that enters each batch into the ledger and hands what is new to ``sink``, in one transaction.

    ``subjects`` keeps what is said of erased patients out, and notes whom each message speaks of.
    """

    def enter(engine: Engine, handled: Sequence[tuple[InboundMessage, Done[T] | Ignored | Invalid]]) -> Applied:
        with engine.begin() as connection:
            screened = subjects.screen(connection, handled)
            entered = ledger.enter(connection, service, screened, sink)
            subjects.note(connection, screened)
        return Applied.of(entered, [isinstance(outcome, Invalid) for _, outcome in handled])

    def apply(engine: Engine, messages: Sequence[InboundMessage]) -> Applied:
        return enter(engine, [(message, handle(message)) for message in messages])

    def bury(engine: Engine, message: InboundMessage) -> Applied:
        return enter(engine, [(message, Invalid("rejected_by_database"))])

    return Processor(service, sources, (*sinks, dead_letters.TOPIC), apply, bury)
