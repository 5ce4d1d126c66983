"""An export folder through the same handlers as the live services: the oracle that live runs are compared with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.clinical.events.adverse_event import AdverseEvent
from services.clinical.facts import Fact, state
from services.clinical.kin import kin_groups
from services.clinical.procedures.frame import FrameDigest
from services.clinical.procedures.record import ProcedureRecord
from services.clinical.procedures.treatment import summarize
from services.clinical.publish import Rules, publish
from services.clinical.rates.contributions import Contribution
from services.clinical.rates.rate import Counts, counts_of
from services.report_normalizer.handler import handle as normalize
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Done, Ignored, Invalid
from services.runtime.sites import Sites
from services.telemetry_reducer.handler import KeyedFrame
from services.telemetry_reducer.handler import handle as reduce_frame


@dataclass(frozen=True, slots=True)
class Analysis:
    """What an export amounts to. ``ledger`` counts messages by (topic, outcome)."""

    messages: int
    ledger: dict[tuple[str, str], int]
    records: tuple[ProcedureRecord, ...]
    events: tuple[AdverseEvent, ...]
    contributions: tuple[Contribution, ...]
    counts: Counts


def messages_of(folder: Path) -> Iterator[InboundMessage]:
    """The folder's messages in the order of their names; a telemetry file holds a frame a line."""
    kinds = (
        ("hl7v2", "hl7v2-inbound", "*.hl7"),
        ("fhir", "fhir-inbound", "*.json"),
        ("adjudications", "adjudications", "*.json"),
    )
    for name, topic, pattern in kinds:
        for offset, path in enumerate(sorted((folder / name).glob(pattern))):
            yield InboundMessage(topic, 0, offset, path.read_bytes())
    offset = 0
    for path in sorted((folder / "telemetry").glob("*.jsonl")):
        for line in path.read_bytes().split(b"\n"):
            if line.strip():
                yield InboundMessage("procedure-telemetry", 0, offset, line)
                offset += 1


def analyze_folder(
    folder: Path,
    sites: Sites,
    key: bytes,
    as_of: datetime,
    ruleset: str,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> Analysis:
    """Fold a folder's messages and publish every kin group as of one instant."""
    return analyze_messages(list(messages_of(folder)), sites, key, as_of, ruleset, progress)


def analyze_messages(
    messages: list[InboundMessage],
    sites: Sites,
    key: bytes,
    as_of: datetime,
    ruleset: str,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> Analysis:
    """The same over messages in memory, in any order."""
    facts: list[Fact] = []
    frames: dict[tuple[str, str, str], list[FrameDigest]] = {}
    ledger: dict[tuple[str, str], int] = {}
    seen: set[tuple[str, str, str]] = set()
    for number, message in enumerate(messages):
        telemetry = message.topic == "procedure-telemetry"
        outcome = reduce_frame(message, sites) if telemetry else normalize(message, sites)
        name = {Done: "done", Ignored: "ignored", Invalid: "dead_letter"}[type(outcome)]
        if isinstance(outcome, Done):
            identity = (outcome.identity.sender, outcome.identity.control_id, outcome.identity.content)
            if identity in seen:
                name = "duplicate"
            else:
                seen.add(identity)
                for result in outcome.results:
                    if isinstance(result, KeyedFrame):
                        frames.setdefault((result.site, result.accession, result.console), []).append(result.digest)
                    else:
                        facts.append(result)
        ledger[(message.topic, name)] = ledger.get((message.topic, name), 0) + 1
        progress(number + 1, len(messages))
    for (site, accession, console), digests in frames.items():
        summary, header = summarize(site, accession, console, digests)
        facts.append(state(summary))
        if header is not None:
            facts.append(state(header))
    rules = Rules(event_key=key, published=ruleset)
    published = [publish(group, rules, as_of) for group in kin_groups(facts)]
    contributions = tuple(sorted((c for p in published for c in p.contributions), key=lambda c: c[:3]))
    return Analysis(
        len(messages),
        ledger,
        tuple(sorted((r for p in published for r in p.records), key=lambda r: r.procedure)),
        tuple(sorted((e for p in published for e in p.events), key=lambda e: e.id)),
        contributions,
        counts_of(contributions),
    )
