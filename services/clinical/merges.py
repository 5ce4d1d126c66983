"""Which patient numbers were retired in favor of which, and when (ADT^A40 and A37, FHIR Patient.link)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Link:
    """That a number was said to be merged into another, or (``undone``) no longer; ``at`` is when it was said."""

    surviving: str
    at: datetime | None
    undone: bool


@dataclass(frozen=True, slots=True)
class Merges:
    """``step`` leads from a retired name to the name that it is merged into now; ``history`` is all that was said."""

    step: Mapping[str, str]
    history: Mapping[str, tuple[Link, ...]]

    def surviving(self) -> dict[str, str]:
        """Retired name to surviving name, chains followed; a ring keeps its smallest name."""
        final: dict[str, str] = {}
        for name in self.step:
            path = [name]
            while (following := self.step.get(path[-1])) is not None and following not in path:
                path.append(following)
            ring = path[path.index(following) :] if following is not None else []
            final[name] = min(ring) if ring else path[-1]
        return final

    def merged(self, name: str, into: str, at: datetime | None) -> bool:
        """Whether ``name`` was merged into another name at that time; what has no time always was."""
        seen, ahead = {name}, [name]
        while ahead:
            for surviving in self._held(ahead.pop(), at):
                if surviving == into:
                    return True
                if surviving not in seen:
                    seen.add(surviving)
                    ahead.append(surviving)
        return False

    def _held(self, name: str, at: datetime | None) -> set[str]:
        """Into what a name was merged at that time."""
        said = [link for link in self.history.get(name, ()) if link.at is None or at is None or link.at <= at]
        undone = [link.at for link in said if link.undone and link.at]
        last = max(undone, default=None)
        return {x.surviving for x in said if not x.undone and (x.at is None or last is None or x.at > last)}
