"""Words as they are mistyped and misheard: one letter too many, too few, wrong, or two letters swapped."""

from __future__ import annotations

from collections.abc import Iterable
from string import ascii_lowercase

_LONG = 7
"""From this length on a letter may be missing or too many: what that makes of a shorter word may be another word."""
_LONGER = 10
"""From this length on a letter may be another one."""


def slips(spelled: Iterable[str], known: frozenset[str]) -> dict[str, str]:
    """Every slip of the words in `spelled`, with the word that was meant; a slip that is a `known` word is none."""
    meant: dict[str, str] = {}
    for word in spelled:
        for slip in _slips(word):
            if slip not in known:
                meant.setdefault(slip, word)
    return meant


def _slips(word: str) -> set[str]:
    parts = [(word[:n], word[n:]) for n in range(len(word) + 1)]
    made = {left + right[1] + right[0] + right[2:] for left, right in parts if len(right) > 1}
    if len(word) >= _LONG:
        made |= {left + right[1:] for left, right in parts if right}
        made |= {left + letter + right for left, right in parts for letter in ascii_lowercase}
    if len(word) >= _LONGER:
        made |= {left + letter + right[1:] for left, right in parts if right for letter in ascii_lowercase}
    return made - {word}
