"""Quix Streams: each frame's digest once in RocksDB (with a changelog topic), running sums published per message.

State is by message key. It has no tables to join and no transaction with a database, so it keeps sums where the
others fold a whole summary, and takes no part in the reports.
"""

import tempfile
from typing import Any

from quixstreams import Application, State

from bench.contest.progress import Task, say
from services.clinical.canonical import digest, to_json
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Done
from services.runtime.sites import Sites
from services.telemetry_reducer.handler import handle

task, sites, done = Task.given(), Sites(), 0


def reduce(value: bytes, state: State) -> dict[str, Any] | None:
    if not done:
        say(0)
    outcome = handle(InboundMessage(task.topic, 0, 0, value), sites)
    if not isinstance(outcome, Done):
        return None
    (keyed,) = outcome.results
    name = f"{keyed.frame}/{digest(keyed.digest)}"
    if state.exists(name):
        return None
    state.set(name, to_json(keyed.digest))
    held = state.get("sums", {"accession": keyed.accession, "frames": 0, "freeze_s": 0.0, "minimum_tip_c": 999.0})
    held["frames"] += 1
    held["freeze_s"] += keyed.digest.freeze_s
    held["minimum_tip_c"] = min(held["minimum_tip_c"], keyed.digest.minimum_tip_c)
    state.set("sums", held)
    return held


def counted(*_: object) -> None:
    global done
    done += 1
    if task.worth_saying(done):
        say(done)


if __name__ == "__main__":
    app = Application(
        task.kafka,
        consumer_group=task.group,
        auto_offset_reset="earliest",
        commit_every=task.batch,
        commit_interval=1.0,
        state_dir=tempfile.mkdtemp(),
        loglevel="ERROR",
        on_message_processed=counted,
    )
    frames = app.dataframe(app.topic(task.topic, key_deserializer="bytes", value_deserializer="bytes"))
    sums = frames.apply(reduce, stateful=True).filter(lambda found: found is not None)
    sums.to_topic(app.topic("clinical-facts", key_serializer="bytes", value_serializer="json"))
    app.run()
