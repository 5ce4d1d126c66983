"""Kin groups: everything that was ever joined by a merge, a moved report or a procedure, withdrawn links included.

Locking, folding and revisions are per kin group. A group only grows. In the live system PostgreSQL keeps the groups;
this is the same grouping over a set of facts in memory.
"""

from collections.abc import Iterable

from services.clinical.facts import Fact, names
from services.clinical.versions import by_id


def kin_groups(facts: Iterable[Fact]) -> list[tuple[Fact, ...]]:
    """The facts, parted into kin groups; groups and facts in canonical order."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    unique = {(fact.id, fact.version): fact for fact in facts}
    for fact in unique.values():
        first, *rest = names(fact)
        for other in rest:
            low, high = sorted((root(first), root(other)))
            parent[high] = low
    groups: dict[str, list[Fact]] = {}
    for key in sorted(unique):
        groups.setdefault(root(names(unique[key])[0]), []).append(unique[key])
    return [tuple(groups[name]) for name in sorted(groups)]


def held(facts: Iterable[Fact]) -> int:
    """How many fact versions a group holds; what is made from frames counts those of its fullest version."""
    return sum(
        max(f.weight for f in same) if same[0].replaces else sum(f.weight for f in same)
        for same in by_id(facts).values()
    )
