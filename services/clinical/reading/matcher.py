"""Finding the patterns of a table in a line of words: a tree of words, walked as far as it goes.

The pattern that reaches furthest wins; of two that reach as far, the one that says more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.clinical.reading.patterns import spellings

_CLAUSE_ENDS = frozenset((".", ",", ";", ":", "?", "!", ")", "and", "but", "e", "ma"))
_GAP_STOPS = frozenset((".", ",", ";", ":", "?", "!", "(", ")"))
_GAP_WORDS = 4
_REMEMBERED = 50_000

Rows = tuple[int, ...]
"""The rows that a spelling stands in; more than one where it says several things."""
_Best = tuple[int, int, Rows]
_NOTHING: _Best = (-1, 0, ())


class _Node:
    __slots__ = ("ahead", "clause_end", "gap", "number", "plain", "rows", "said", "stems", "words")

    def __init__(self) -> None:
        self.words: dict[str, _Node] = {}
        self.stems: dict[str, _Node] = {}
        self.number: _Node | None = None
        self.gap: _Node | None = None
        self.ahead: _Node | None = None
        self.clause_end: _Node | None = None
        self.plain = True
        self.rows: Rows = ()
        self.said = 0

    def grown(self, word: str) -> _Node:
        """The node behind `word`, made if it is missing. A plain node has only words behind it."""
        self.plain = self.plain and word not in ("#", "..", "^", "$") and not word.endswith("*")
        if word == "#":
            self.number = self.number or _Node()
            return self.number
        if word == "..":
            self.gap = self.gap or _Node()
            return self.gap
        if word == "^":
            self.ahead = self.ahead or _Node()
            return self.ahead
        if word == "$":
            self.clause_end = self.clause_end or _Node()
            return self.clause_end
        if word.endswith("*"):
            return self.stems.setdefault(word[:-1], _Node())
        return self.words.setdefault(word, _Node())

    def next(self, word: str) -> list[_Node]:
        """The nodes that `word` leads to."""
        found = [self.words[word]] if word in self.words else []
        if self.stems:
            found += [node for stem, node in self.stems.items() if word.startswith(stem)]
        if self.number is not None and word[0].isdigit():
            found.append(self.number)
        return found


class _Openings(dict[str, tuple[_Node, ...]]):
    """The nodes that a word leads to from the root, remembered once they were looked for."""

    __slots__ = ("root",)

    def __init__(self, root: _Node) -> None:
        super().__init__()
        self.root = root

    def __missing__(self, word: str) -> tuple[_Node, ...]:
        if len(self) > _REMEMBERED:
            self.clear()
        found = self[word] = tuple(self.root.next(word))
        return found


class Matcher:
    """All patterns of a table's rows, ready to be looked for."""

    __slots__ = ("_first", "_root")

    def __init__(self, rows: Iterable[Sequence[str]]) -> None:
        self._root = _Node()
        self._first = _Openings(self._root)
        for number, patterns in enumerate(rows):
            for pattern in patterns:
                for words in spellings(pattern):
                    node = self._root
                    for word in words:
                        node = node.grown(word)
                    if number not in node.rows:
                        node.rows, node.said = (*node.rows, number), len(words)

    def at(self, words: list[str], place: int, limit: int) -> tuple[Rows, int] | None:
        """The rows of the best match that starts at token `place`, and the token behind it; within `limit`."""
        first = self._first[words[place]]
        if not first:
            return None
        following = place + 1
        if len(first) == 1 and first[0].plain and (following >= limit or words[following] not in first[0].words):
            # Most words go on with nothing that the table knows.
            return (first[0].rows, following) if first[0].rows else None
        best = _NOTHING
        for node in first:
            best = _walk(node, words, following, limit, -1, best)
        return (best[2], best[0]) if best[2] else None

    def places(self, words: list[str], start: int, limit: int) -> list[int]:
        """The tokens in [start, limit) at which a match may start: a few of all, and the rest is not looked at."""
        opens = self._first
        told = words if start == 0 and limit == len(words) else words[start:limit]
        return [place for place, word in enumerate(told, start) if opens[word]]

    def all(self, words: list[str], start: int, limit: int) -> list[tuple[int, int, Rows]]:
        """Every match in [start, limit) as (token, token behind it, rows); none overlap."""
        found = []
        behind = start
        for place in self.places(words, start, limit):
            if place >= behind:
                match = self.at(words, place, limit)
                if match is not None:
                    rows, behind = match
                    found.append((place, behind, rows))
        return found


def _walk(node: _Node, words: list[str], place: int, limit: int, end: int, best: _Best) -> _Best:
    """The best (end, words said, rows) of `best` and what is below `node`.

    `end` is where the match ends if what is ahead holds; -1 where nothing is looked ahead for.
    """
    while True:
        if node.rows:
            reached = place if end < 0 else end
            if reached > best[0] or (reached == best[0] and node.said > best[1]):
                best = (reached, node.said, node.rows)
        if not node.plain:
            break
        after = node.words.get(words[place]) if place < limit else None
        if after is None:
            return best
        node = after
        place += 1
    if node.clause_end is not None and (place >= limit or words[place] in _CLAUSE_ENDS):
        best = _walk(node.clause_end, words, place, limit, end, best)
    if node.ahead is not None:
        best = _walk(node.ahead, words, place, limit, place, best)
    if place < limit:
        for after in node.next(words[place]):
            best = _walk(after, words, place + 1, limit, end, best)
    if node.gap is not None:
        for skipped in range(_GAP_WORDS + 1):
            here = place + skipped
            if here > limit or (skipped and words[here - 1] in _GAP_STOPS):
                break
            best = _walk(node.gap, words, here, limit, end, best)
    return best
