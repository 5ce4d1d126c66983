"""CryoWatch's worker (a Faust agent that is handed bundles) with a processor that only counts."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine

from bench.contest.progress import Task, say
from services.runtime.database import make_engine
from services.runtime.message import InboundMessage
from services.runtime.settings import Settings
from services.runtime.worker import Applied, Processor, Worker

if __name__ == "__main__":
    task, done = Task.given(), 0

    def apply(engine: Engine, messages: Sequence[InboundMessage]) -> Applied:
        global done
        if not done:
            say(0)
        done += len(messages)
        say(done)
        return Applied({}, 0, unbroken=False)

    settings = Settings(
        kafka=task.kafka, database_url=task.database, secrets_dir=Path(), batch=task.batch, session_timeout=6
    )
    processor = Processor("bench_noop", (task.topic,), ("dead-letters",), apply, lambda e, m: apply(e, [m]))
    Worker(processor, settings, make_engine(settings)).run()
