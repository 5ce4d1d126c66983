"""Counts of many measures in many strata, added up and compared."""

from collections.abc import Iterator, Mapping

Tally = dict[str, dict[str, int]]
"""Count by measure, by stratum."""


def add(to: Tally, more: Mapping[str, Mapping[str, int]], times: int = 1) -> None:
    """Add ``more`` to a tally, so many times."""
    for stratum, counts in more.items():
        held = to.setdefault(stratum, {})
        for measure, number in counts.items():
            held[measure] = held.get(measure, 0) + times * number


def each(tally: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, str, int]]:
    """Stratum, measure and count of everything in it."""
    return ((stratum, measure, number) for stratum, counts in tally.items() for measure, number in counts.items())


def moved(
    before: Mapping[str, Mapping[str, int]], after: Mapping[str, Mapping[str, int]]
) -> list[tuple[str, str, int]]:
    """Stratum, measure and difference of every count that differs; one that isn't there is zero."""
    grown = (
        (stratum, measure, number - before.get(stratum, {}).get(measure, 0)) for stratum, measure, number in each(after)
    )
    gone = (
        (stratum, measure, -number)
        for stratum, measure, number in each(before)
        if measure not in after.get(stratum, {})
    )
    return [one for one in (*grown, *gone) if one[2]]
