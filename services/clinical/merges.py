"""Which patient numbers were retired in favor of which, and since when (ADT^A40, FHIR Patient.link)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Merges:
    """``step`` leads from a retired name to the name that it was merged into, and the time that was said at."""

    step: Mapping[str, tuple[str, datetime | None]]

    def surviving(self) -> dict[str, str]:
        """Retired name to surviving name, chains followed; a ring keeps its smallest name."""
        final: dict[str, str] = {}
        for name in self.step:
            path = [name]
            while path[-1] in self.step and (following := self.step[path[-1]][0]) not in path:
                path.append(following)
            closing = self.step[path[-1]][0] if path[-1] in self.step else None
            ring = path[path.index(closing) :] if closing is not None else []
            final[name] = min(ring) if ring else path[-1]
        return final

    def merged(self, name: str, into: str, at: datetime | None) -> bool:
        """Whether ``name`` had been merged into another name by then; merges and questions without a time count."""
        seen = {name}
        while name in self.step:
            name, since = self.step[name]
            if name in seen or (since and at and since > at):
                return False
            if name == into:
                return True
            seen.add(name)
        return False
