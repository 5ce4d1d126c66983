"""The layout of a report: its sentences, each with the block that it stands in."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

from services.clinical.reading.blocks import Block, blocks
from services.clinical.reading.lexicon import Lexicon
from services.clinical.reading.tokens import Tokens

LONGEST_SENTENCE = 1500
"""Text without any sentence end is cut here, so that no sentence costs more than its share."""

# One class of characters comes first, so that the search skips all the others quickly.
_BOUNDARY = re.compile(r"[.!?;\n](?:(?<=[.!?])[.!?]*(?=[\s\")\]]|$)|(?<=[a-z)]\.)(?=[A-Z][a-z])|(?<=[;\n]))")
_ITEM = re.compile(r"[ ]*(?:[-*•>#]+[ ]*|\(?\d{1,2}[.)][ ]+|[a-z]\)[ ]+)")
_LABEL = re.compile(r"[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ /&-]{1,40}:")
_CAPITAL = re.compile(r"[A-Z]{3}")
_SMALL = re.compile(r"[a-z]{3}")
_ENDS = (".", ";", "!", "?")
_WORD = re.compile(r"[\s(/]")


@dataclass(frozen=True, slots=True)
class Layout:
    """Sentence starts and ends in order, blocks in order."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    blocks: tuple[Block, ...]
    block_starts: tuple[int, ...]

    def block_at(self, place: int) -> Block:
        """The block that holds `place`."""
        return self.blocks[bisect_right(self.block_starts, place) - 1]

    def sentence_at(self, place: int) -> int:
        """The number of the sentence that holds `place`."""
        return bisect_right(self.starts, place) - 1


def _wrapped(text: str, place: int, lexicon: Lexicon) -> bool:
    """Whether the newline at `place` only wraps a line, so that the sentence goes on below it."""
    line = text[text.rfind("\n", max(0, place - 200), place) + 1 : place][-200:].rstrip()
    follows = text[place + 1 : place + 60].lstrip(" ")
    if not line or not follows or follows[0] == "\n":
        return False
    if line[-1] == ":" and follows[0] in "\"'“«":
        return True  # a quotation belongs to what introduces it
    if line[-1] in ".:;!?":
        return False
    if _ITEM.match(follows) or _LABEL.match(follows):
        return False
    last = line.rsplit(None, 1)[-1].lower()
    if last[-1] in ",/(" or last in lexicon.connectives:
        return True
    width = _width(text)
    full = len(line) + 1 + len(follows.split(None, 1)[0]) > width - 2
    if follows[0].islower() or follows[0] in "(0123456789":
        return full or len(line) > 60
    return full and width > 45 and _shouting(text)


@lru_cache(maxsize=1)
def _width(text: str) -> int:
    """How wide the report's lines are, in characters; lines that no hospital wraps so late are left out."""
    lines = text[:20000].split("\n")
    return max((len(line.rstrip()) for line in lines if len(line) <= 140), default=80)


def _shouting(text: str) -> bool:
    """Whether the report is written in capitals, so that they don't tell where a sentence begins."""
    return len(_CAPITAL.findall(text, 0, 1000)) > len(_SMALL.findall(text, 0, 1000))


def _abbreviated(text: str, start: int, end: int, lexicon: Lexicon) -> bool:
    """Whether the dot at `start` belongs to an abbreviation or stands alone."""
    if start == 0 or text[start - 1] in " \n(/":
        return True
    longer = start - lexicon.longest_abbreviation - 1
    if longer >= 0 and text[longer:start].isalpha():
        return False  # most words are longer than any abbreviation
    word = text[max(0, start - 12) : start].rsplit(None, 1)[-1].lower()
    if "(" in word or "/" in word:
        word = _WORD.split(word)[-1]
    if word not in lexicon.abbreviations:
        return False
    follows = text[end : end + 3].lstrip()
    return not follows[:1].isupper() or word in lexicon.titles


def lay_out(text: str, folded: str, tokens: Tokens, lexicon: Lexicon, section: str | None) -> Layout:
    """Sentences and blocks of `text` (every line break already a newline); linear in its length."""
    made = blocks(text, folded, tokens, lexicon, section)
    heading_starts = {block.start for block in made}
    ends = []
    for match in _BOUNDARY.finditer(text):
        start, end = match.span()
        mark = match[0]
        if mark == "\n":
            if text[start - 1 : start] not in _ENDS and _wrapped(text, start, lexicon):
                continue
        elif (mark[0] == "?" and (start == 0 or text[start - 1] in " \n(")) or (
            mark == "." and _abbreviated(text, start, end, lexicon)
        ):
            continue
        ends.append(end)
    ends = sorted({*ends, *heading_starts, len(text)} - {0})
    starts: list[int] = []
    cuts: list[int] = []
    begin = 0
    for end in ends:
        while end - begin > LONGEST_SENTENCE:
            space = text.rfind(" ", begin + LONGEST_SENTENCE // 2, begin + LONGEST_SENTENCE) + 1
            starts.append(begin)
            begin = space or begin + LONGEST_SENTENCE
            cuts.append(begin)
        starts.append(begin)
        cuts.append(end)
        begin = end
    return Layout(tuple(starts), tuple(cuts), made, tuple(block.start for block in made))
