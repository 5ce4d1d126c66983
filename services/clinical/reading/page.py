"""A report prepared for reading."""

from __future__ import annotations

from dataclasses import dataclass

from services.clinical.reading.layout import Layout
from services.clinical.reading.lexicon import Lexicon
from services.clinical.reading.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Page:
    """A report prepared for reading: its text, folded and laid out, and the tables of its language."""

    text: str
    folded: str
    tokens: Tokens
    layout: Layout
    lexicon: Lexicon

    def sentence(self, number: int) -> tuple[int, int]:
        """The place of a sentence, without the blanks around it."""
        start, end = self.layout.starts[number], self.layout.ends[number]
        while start < end and self.text[start] in " \n":
            start += 1
        while end > start and self.text[end - 1] in " \n":
            end -= 1
        return start, end
