"""Archived messages through the same handlers as the services', without Kafka."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import click
from sqlalchemy import Connection, Engine

from services.charts.outgoing_facts import TOPIC, outgoing
from services.charts.subjects import fact_subjects, facts_of_redacted
from services.clinical.facts import Fact
from services.procedure_joiner.handler import handle as join
from services.report_normalizer.app import SOURCES as NORMALIZED
from services.report_normalizer.handler import handle as normalize
from services.runtime.archive import Archived
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Done
from services.runtime.settings import Settings
from services.telemetry_reducer.app import SOURCE as REDUCED
from services.telemetry_reducer.app import summaries
from services.telemetry_reducer.handler import KeyedFrame
from services.telemetry_reducer.handler import handle as reduce_frame


class ArchiveReader:
    """Reads what the ledger took. ``odd`` counts what would come out otherwise today, by kind and code."""

    def __init__(self, settings: Settings, live: Engine) -> None:
        self._sites, self._key = settings.sites(), settings.secret("routing_key")
        self._subjects, self._live = fact_subjects(settings), live
        self._handlers: dict[str, Any] = dict.fromkeys(NORMALIZED, partial(normalize, sites=self._sites))
        self._handlers[REDUCED] = partial(reduce_frame, sites=self._sites)
        self.odd: Counter[str] = Counter()

    def results(self, one: Archived) -> tuple[Any, ...]:
        """What one message says, facts or console frames; nothing for a dead letter."""
        if one.redacted:
            return tuple(facts_of_redacted(one.message.value))
        handler = self._handlers.get(one.message.topic)
        if handler is None:
            raise click.ClickException(f"no service of this version reads the topic {one.message.topic}")
        outcome = handler(one.message)
        if one.outcome == "dead_letter":
            if isinstance(outcome, Done):
                self.odd["dead letters that would be understood today: replay them"] += 1
            return ()
        if isinstance(outcome, Done):
            return outcome.results
        self.odd[f"understood then, {outcome.code} today"] += 1
        return ()

    def facts(self, connection: Connection, found: Sequence[Archived]) -> list[Fact]:
        """The facts that messages give, by the road that they take live: the topic's own form, and the joiner's check.

        Console frames are kept in the tables that ``connection`` sees, and give their procedures' summaries.
        """
        said: list[Fact] = []
        frames: list[KeyedFrame] = []
        for one in found:
            if one.message.topic == REDUCED:
                frames += self.results(one)
            else:
                said += self.results(one)
        if frames:
            said += summaries(connection, frames)
        with self._live.connect() as live:
            said = self._subjects.spared(live, said)
        read: list[Fact] = []
        for record in outgoing(said, self._key):
            fact = join(InboundMessage(TOPIC, 0, 0, record.value or b""))
            if isinstance(fact, Fact):
                read.append(fact)
            else:
                self.odd[f"facts refused by the joiner, {fact.code}"] += 1
        return read
