"""The topics as ``schemas/topics/*.yaml`` declares them."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: who writes and reads it, how it is kept, and what its values look like."""

    name: str
    description: str
    owner: str
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    partitions: int
    key: str
    media_type: str
    version: int
    schema: str | None
    dead_letters: str | None
    config: dict[str, str]

    @property
    def compacted(self) -> bool:
        """Whether the topic keeps the last value of each key."""
        return "compact" in self.config["cleanup.policy"]


def _read(path: Path) -> Topic:
    data: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return Topic(
        name=path.stem,
        description=data["description"].strip(),
        owner=data["owner"],
        producers=tuple(data["producers"]),
        consumers=tuple(data["consumers"]),
        partitions=data["partitions"],
        key=data["key"],
        media_type=data["media_type"],
        version=data["version"],
        schema=data.get("schema"),
        dead_letters=data.get("dead_letters"),
        config={name: str(value) for name, value in data["config"].items()},
    )


@cache
def topics() -> tuple[Topic, ...]:
    """Every topic, by name."""
    return tuple(_read(path) for path in sorted((SCHEMAS / "topics").glob("*.yaml")))


def topic(name: str) -> Topic:
    """The topic of that name; LookupError when the registry has none."""
    for found in topics():
        if found.name == name:
            return found
    raise LookupError(f"schemas/topics has no {name}.yaml")
