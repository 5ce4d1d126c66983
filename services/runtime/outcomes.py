"""The outcomes of one message. A message that isn't in one of these ended in a bug, and a bug stops the worker."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells a re-send from another message: sender, control id (MSH-10) and content hash, with the type."""

    sender: str
    control_id: str
    content: str
    type: str


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """Understood. ``results`` is what it says, in order; a re-send of an equal identity is a duplicate."""

    results: tuple[T, ...]
    identity: Identity
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ignored:
    """Understood and not ours: counted with its code, body not kept."""

    code: str
    identity: Identity


@dataclass(frozen=True, slots=True)
class Invalid:
    """Can't be understood: a dead letter. ``code`` is coded, ``where`` a path such as PID-3; never a value."""

    code: str
    where: str = ""
    identity: Identity | None = None


class Unavailable(Exception):
    """A dependency doesn't answer. The same message is tried again; nothing is acknowledged."""

    def __init__(self, dependency: str) -> None:
        super().__init__(f"{dependency} is unavailable")
        self.dependency = dependency
