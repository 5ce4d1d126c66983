"""Console frames to treatment summaries: frames are kept once, and the summary folded from all that are held."""

from functools import partial

from sqlalchemy import Connection, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from services.charts.outgoing_facts import TOPIC, outgoing
from services.charts.tables import telemetry_frames
from services.clinical.canonical import digest, from_json, to_json
from services.clinical.facts import Fact, state
from services.clinical.identifiers import procedure_name
from services.clinical.procedures.frame import FrameDigest
from services.clinical.procedures.treatment import summarize
from services.runtime.database import make_engine
from services.runtime.ingest import ingest
from services.runtime.outbox import put
from services.runtime.settings import Settings
from services.runtime.subjects import Subjects
from services.runtime.worker import Processor, Worker
from services.telemetry_reducer.handler import KeyedFrame, handle

SERVICE, SOURCE = "telemetry_reducer", "procedure-telemetry"


def build(settings: Settings) -> Processor:
    """The reducer as a processor of procedure-telemetry."""
    key, sites = settings.secret("routing_key"), settings.sites()

    def sink(connection: Connection, frames: list[KeyedFrame]) -> None:
        put(connection, outgoing(summaries(connection, frames), key))

    subjects = Subjects(settings.secret("event_id_key"), subjects_of, subjects_of)
    return ingest(SERVICE, (SOURCE,), (TOPIC,), partial(handle, sites=sites), sink, subjects)


def subjects_of(frame: KeyedFrame) -> tuple[str, ...]:
    """Whom a frame speaks of: its procedure, since a console names no patient."""
    return (procedure_name(frame.site, frame.accession),)


def summaries(connection: Connection, frames: list[KeyedFrame]) -> list[Fact]:
    """Keep the frames, and fold every procedure that they touch from the digests held; a few hundred at most each."""
    columns = telemetry_frames.c
    touched = sorted({(f.site, f.accession, f.console) for f in frames})
    for one in touched:  # one worker at a time on a procedure: an older sum can't be written after a newer one
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": "\x1f".join(one)})
    rows = [
        {
            "site": f.site,
            "accession": f.accession,
            "console": f.console,
            "frame": f.frame,
            "content": digest(f.digest),
            "digest": to_json(f.digest),
        }
        for f in frames
    ]
    connection.execute(insert(telemetry_frames).on_conflict_do_nothing(), rows)
    held: dict[tuple[str, str, str], list[FrameDigest]] = {one: [] for one in touched}
    key = tuple_(columns.site, columns.accession, columns.console)
    for row in connection.execute(select(telemetry_frames).where(key.in_(touched))):
        held[(row.site, row.accession, row.console)].append(from_json(FrameDigest, row.digest))
    found = []
    for (site, accession, console), digests in sorted(held.items()):
        summary, header = summarize(site, accession, console, digests)
        found.append(state(summary))
        if header is not None:
            found.append(state(header))
    return found


def run(settings: Settings) -> None:
    """Run until stopped."""
    Worker(build(settings), settings, make_engine(settings, by_index=True)).run()
