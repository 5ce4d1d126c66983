"""The small language in which the tables write their words.

A pattern is words. `effusion*` is any ending, `(the)` may be missing, `a/b` is either word, `..` is a gap of
up to four words, `#` is a number, `$` is the end of the clause, what stands behind `^` must follow but is
left to others. Punctuation by itself is itself. Hyphens and apostrophes count as blanks.
"""

from __future__ import annotations

import re
from itertools import product

_PIECE = re.compile(r"[\w*#]+|\.\.|[^\w\s'\-]|(?<!\S)-(?!\S)")


def _pieces(word: str) -> tuple[str, ...]:
    return tuple(_PIECE.findall(word))


def spellings(pattern: str) -> tuple[tuple[str, ...], ...]:
    """Every way to write `pattern`, as tuples of words: optional words in and out, each alternative."""
    choices: list[list[tuple[str, ...]]] = []
    for word in pattern.split():
        if len(word) > 1 and word.startswith("(") != word.endswith(")"):
            raise ValueError(f"what may be missing is one word, not several: {pattern}")
        if len(word) > 1 and word.startswith("(") and word.endswith(")"):
            choices.append([*map(_pieces, word[1:-1].split("/")), ()])
        elif "/" in word and len(word) > 1:
            choices.append(list(map(_pieces, word.split("/"))))
        else:
            choices.append([_pieces(word)])
    written = (tuple(piece for pieces in chosen for piece in pieces) for chosen in product(*choices))
    return tuple(dict.fromkeys(words for words in written if words))
