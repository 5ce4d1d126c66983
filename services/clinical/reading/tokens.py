"""A folded text as words and marks of punctuation, with their places."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

_TOKEN = re.compile(r"\d+[.,]\d+|[^\W_]+|[^\w\s'\-]|(?<!\S)-(?!\S)")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words in order, where each starts and where it ends."""

    words: list[str]
    starts: list[int]
    ends: list[int]

    def between(self, start: int, end: int) -> tuple[int, int]:
        """The tokens that start in [start, end): the first, and the one behind the last."""
        return bisect_left(self.starts, start), bisect_left(self.starts, end)


def tokenize(folded: str) -> Tokens:
    """The tokens of a folded text."""
    matches = list(_TOKEN.finditer(folded))
    words = [match[0] for match in matches]
    starts = [match.start() for match in matches]
    return Tokens(words, starts, [start + len(word) for start, word in zip(starts, words, strict=True)])
