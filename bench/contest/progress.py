"""What a contender is told, and how it says how far it is: one line of JSON on standard output a batch."""

import json
import os
import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """What to do: read ``topic`` as ``group``, on that broker and database."""

    kind: str
    kafka: str
    database: str
    topic: str
    group: str
    batch: int
    total: int

    @staticmethod
    def given() -> "Task":
        """From the command line, as :meth:`arguments` writes it."""
        kind, kafka, database, topic, group, batch, total = sys.argv[1:8]
        return Task(kind, kafka, database, topic, group, int(batch), int(total))

    def arguments(self) -> list[str]:
        """For the command line."""
        return [self.kind, self.kafka, self.database, self.topic, self.group, str(self.batch), str(self.total)]

    def worth_saying(self, done: int) -> bool:
        """Whether one that goes message by message should say so now."""
        return done % 100 == 0 or done == self.total


def say(done: int) -> None:
    """So many messages are done, for good."""
    os.write(1, json.dumps({"done": done}).encode() + b"\n")  # Faust puts its log in the place of sys.stdout
