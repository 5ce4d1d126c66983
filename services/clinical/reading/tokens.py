"""A folded text as words and marks of punctuation, with their places."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

_TOKEN = re.compile(r"\d+[.,]\d+|[^\W_]+|[^\w\s'\-]|(?<!\S)-(?!\S)|(?<=\()-(?=\))")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words in order, as they were meant and as they were written, and where each starts."""

    words: list[str]
    starts: list[int]
    written: list[str]

    def end(self, index: int) -> int:
        """The place behind a token."""
        return self.starts[index] + len(self.written[index])

    def between(self, start: int, end: int) -> tuple[int, int]:
        """The tokens that start in [start, end): the first, and the one behind the last."""
        first = bisect_left(self.starts, start)
        return first, bisect_left(self.starts, end, first)


def tokenize(folded: str, slips: Mapping[str, str]) -> Tokens:
    """The tokens of a folded text; a word in `slips` stands as the word that was meant, at its own place."""
    matches = list(_TOKEN.finditer(folded))
    written = [match[0] for match in matches]
    starts = [match.start() for match in matches]
    if slips.keys().isdisjoint(written):
        return Tokens(written, starts, written)
    return Tokens([slips.get(word, word) for word in written], starts, written)
