"""What must hold for every input, whatever it is; :class:`Broken` says which promise didn't.

An input is done, ignored or invalid with a code of the service's list. What it says fits the topic, the ledger and the
database, comes back from JSON as it was, and can be published with the facts that are already there: in any order, at
any time, as records, events and FHIR resources that fit their own schemas.
"""

import json
import re
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from random import Random
from typing import Any

from services.clinical.canonical import canonical, from_json, to_json
from services.clinical.events.adverse_event import AdverseEvent
from services.clinical.facts import Fact, names, state
from services.clinical.kin import kin_groups
from services.clinical.procedures.frame import FrameDigest
from services.clinical.procedures.treatment import summarize
from services.clinical.publish import Published, Rules, publish
from services.clinical.rates.tally import each
from services.contracts.codec import validator
from services.fhir_gateway.adverse_event import resource
from services.fhir_gateway.edition import Edition
from services.fhir_gateway.hospital import Hospital
from services.fhir_gateway.release import Release
from services.procedure_joiner.handler import handle as join
from services.report_normalizer.handler import handle as normalize
from services.report_normalizer.reasons import EXPLANATIONS as NORMALIZER_CODES
from services.report_normalizer.reasons import IgnoredCode, InvalidCode
from services.runtime.dead_letters import dead_letter
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Done, Identity, Ignored, Invalid
from services.runtime.sites import Sites
from services.telemetry_reducer.handler import KeyedFrame
from services.telemetry_reducer.handler import handle as reduce_frame
from services.telemetry_reducer.reasons import Reason
from simulators.message import TELEMETRY
from tests.fuzz.mutant import Mutant

HELD = 40
"""Facts or frames of mutants that stay in each group or procedure: enough to conflict, few enough to stay fast."""


_NUL = re.compile(r"\x00|(?<!\\)(?:\\\\)*\\u0000")


class Broken(AssertionError):
    """A promise that didn't hold."""


class Pipeline:
    """The pure parts of all services in a row, over a hospital that is already there."""

    def __init__(self, sites: Sites, standing: Iterable[Fact], frames: Iterable[KeyedFrame], as_of: datetime) -> None:
        self.sites, self.as_of = sites, as_of
        self.rules = Rules(event_key=b"a key for the fuzzer, thirty-two ")
        self.hospital = Hospital(sites=sites)
        self._groups: dict[str, tuple[Fact, ...]] = {}
        for group in kin_groups(standing):
            self._groups |= {name: group for fact in group for name in names(fact)}
        self._frames: dict[tuple[str, str, str], tuple[FrameDigest, ...]] = {}
        for f in frames:
            key = (f.site, f.accession, f.console)
            self._frames[key] = (*self._frames.get(key, ()), f.digest)
        self._new: deque[Fact] = deque(maxlen=HELD)
        self._new_frames: deque[KeyedFrame] = deque(maxlen=HELD)

    def outcome(self, mutant: Mutant) -> tuple[str, str]:
        """What became of it, (outcome, code), all promises checked."""
        message = InboundMessage(mutant.topic, 0, mutant.number, mutant.value, mutant.key, dict(mutant.headers))
        rng = Random(mutant.number)
        if mutant.topic == TELEMETRY:
            outcome: Any = reduce_frame(message, self.sites)
        else:
            outcome = normalize(message, self.sites)
        _letter(message, outcome)
        _identity(outcome.identity)
        if isinstance(outcome, Done):
            self._done(outcome, rng)
            return "done", ""
        telemetry = mutant.topic == TELEMETRY
        invalid: Any = Reason if telemetry else InvalidCode
        known = {code.value for code in invalid} if isinstance(outcome, Invalid) else {c.value for c in IgnoredCode}
        _hold(outcome.code in known and not (telemetry and isinstance(outcome, Ignored)), "a code of the list")
        return ("dead_letter" if isinstance(outcome, Invalid) else "ignored"), str(outcome.code)

    def _done(self, outcome: Done[Any], rng: Random) -> None:
        _hold(bool(outcome.results), "something said")
        _hold(set(outcome.warnings) <= set(NORMALIZER_CODES), "warnings of the list")
        facts: list[Fact] = []
        for result in outcome.results:
            facts += self._reduced(result) if isinstance(result, KeyedFrame) else [result]
        for fact in facts:
            self._new.append(self._carried(fact))
        self._published(facts, rng)

    def _carried(self, fact: Fact) -> Fact:
        """The fact as the joiner reads it from the topic."""
        text = canonical({"schema": "clinical-facts.v1", **to_json(fact)})
        _storable(text, "a fact")
        read = join(InboundMessage("clinical-facts", 0, 0, text.encode()))
        _hold(read == fact, f"a fact comes back as it was: {read if isinstance(read, Invalid) else 'it differs'}")
        _hold(0 <= fact.weight < 2**31 and len(fact.id.encode()) < 2000, "a fact fits its row")
        return fact

    def _reduced(self, keyed: KeyedFrame) -> list[Fact]:
        """The summary over the procedure's frames, this one and some earlier ones."""
        text = canonical(keyed.digest)
        _storable(text, "a digest")
        _hold(from_json(FrameDigest, json.loads(text)) == keyed.digest, "a digest comes back as it was")
        self._new_frames.append(keyed)
        key = (keyed.site, keyed.accession, keyed.console)
        mine = [f.digest for f in self._new_frames if (f.site, f.accession, f.console) == key]
        summary, header = summarize(*key, [*self._frames.get(key, ()), *mine])
        return [state(summary), *([state(header)] if header else [])]

    def _published(self, facts: list[Fact], rng: Random) -> None:
        """Publish what these facts touch, with what was there and the last mutants' facts."""
        touched = {name for fact in facts for name in names(fact)}
        pool = list(dict.fromkeys([*facts, *self._new, *(f for n in sorted(touched) for f in self._groups.get(n, ()))]))
        mine = [group for group in kin_groups(pool) if touched & {name for fact in group for name in names(fact)}]
        for group in mine:
            result = publish(group, self.rules, self.as_of)
            self._fits(result)
            if rng.random() < 0.05:
                shuffled = list(group) * 2
                rng.shuffle(shuffled)
                _hold(publish(shuffled, self.rules, self.as_of) == result, "order and repeats change nothing")
            if rng.random() < 0.05 and result.next_due:
                self._fits(publish(group, self.rules, result.next_due))

    def _fits(self, result: Published) -> None:
        for schema, found in (("procedure-records.v1", result.records), ("adverse-events.v1", result.events)):
            for one in found:
                body = {"schema": schema, **to_json(one)}
                _storable(canonical(body), schema)
                problems = validator(schema)(json.loads(canonical(body)))
                _hold(problems == [], f"{schema}: {problems[:2]}")
        for event in result.events:
            _hold(from_json(AdverseEvent, json.loads(canonical(event))) == event, "an event comes back as it was")
            for release in Release:
                resource(Edition(event, self.as_of), [None] * len(event.evidence), self.hospital, release)
        for c in result.contributions:
            _hold(all(abs(number) < 2**31 for *_, number in each(c.counts)), "a count fits its row")
            _storable(canonical(c), "a contribution")


def _hold(held: bool, promise: str) -> None:
    if not held:
        raise Broken(promise)


def _storable(text: str, what: str) -> None:
    """PostgreSQL and Kafka take it: UTF-8 without NUL, numbers that are JSON."""
    text.encode()
    _hold(not _NUL.search(text), f"no NUL in {what}")
    _hold(("NaN" not in text and "Infinity" not in text) or _finite(text), f"finite numbers in {what}")


def _finite(text: str) -> bool:
    def refuse(_: str) -> None:
        raise Broken

    try:
        json.loads(text, parse_constant=refuse)
    except Broken:
        return False
    return True


def _identity(identity: Identity | None) -> None:
    for text in (identity.sender, identity.control_id, identity.type, identity.content) if identity else ():
        text.encode()
        _hold(len(text) <= 200 and "\x00" not in text, "an identity fits the ledger")


def _letter(message: InboundMessage, outcome: object) -> None:
    """A dead letter can be written, and its reason names a place rather than a value."""
    if isinstance(outcome, Invalid):
        letter = dead_letter(message, "fuzzed", outcome.code, outcome.where)
        json.loads(letter.value)
        for text in (outcome.code, outcome.where):
            text.encode()
            _hold("\x00" not in text, "no NUL in a reason")
        _hold(len(outcome.where) <= 400, "a place is short")
