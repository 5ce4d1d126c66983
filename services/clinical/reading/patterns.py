"""The small language in which the tables say their words, and the one regex made of them.

A pattern is words. `effusion*` is any ending, `(the)` may be missing, `a/b` is either word, `..` is a
gap of up to four words, `#` is a number, `$` is the end of the clause, `,` and `:` are themselves.
Spaces match blanks, line breaks, hyphens and apostrophes alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import product

_SPACE = r"[\s'\-]+"
_GAP = r"(?:[^\s.,;:]+[\s'\-]+){0,4}?"
_END = r"(?=\s*(?:[.,;:?!)]|$|(?:and|but|e|ma)\b))"
_PUNCTUATION = frozenset(",:;()/?>=+")


def spellings(pattern: str) -> tuple[tuple[str, ...], ...]:
    """Every way to write `pattern`, as tuples of words: optional words in and out, each alternative."""
    choices: list[tuple[str, ...]] = []
    for word in pattern.split():
        if word.startswith("(") and word.endswith(")"):
            choices.append((*word[1:-1].split("/"), ""))
        elif "/" in word and len(word) > 1:
            choices.append(tuple(word.split("/")))
        else:
            choices.append((word,))
    return tuple(tuple(w for w in chosen if w) for chosen in product(*choices))


def _word(word: str) -> str:
    if word == "#":
        return r"\d+(?:[.,]\d+)?"
    return re.escape(word).replace(r"\*", r"\w*")


def _regex(words: Sequence[str]) -> str:
    out = ""
    last = ""
    for word in words:
        if word == "$":
            out += _END
            return out
        if word == "..":
            out += _SPACE + _GAP
        elif word in _PUNCTUATION:
            out += (r"\s*" if last else "") + re.escape(word)
        else:
            if last and last != "..":
                out += r"\s*" if last in _PUNCTUATION else _SPACE
            out += _word(word)
        last = word
    return out if last in _PUNCTUATION else out + r"(?!\w)"


def _factor(branches: Sequence[tuple[tuple[str, ...], str]], depth: int = 0) -> str:
    """One regex for `branches`, grouped by leading characters so that a miss costs a comparison or two."""
    groups: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for words, regex in branches:
        literal = words[0].partition("*")[0] if words[0] != "#" else ""
        groups.setdefault(literal[depth : depth + 1], []).append((words, regex))
    parts = []
    for letter, members in groups.items():
        if len(members) > 3 and letter and depth < 5:
            parts.append(f"(?={re.escape(members[0][0][0][: depth + 1])})(?:{_factor(members, depth + 1)})")
        else:
            parts.extend(regex for _, regex in members)
    return "|".join(parts)


def alternation(rows: Iterable[Sequence[str]]) -> tuple[re.Pattern[str], tuple[int, ...]]:
    """One regex over all patterns of `rows`, and the row that each capturing group stands for.

    Longer spellings are tried first, so the most specific row wins.
    """
    written: dict[tuple[str, ...], int] = {}
    for number, patterns in enumerate(rows):
        for pattern in patterns:
            for words in spellings(pattern):
                written.setdefault(words, number)
    ordered = sorted(written, key=lambda words: (-len(words), -sum(map(len, words)), words))
    # A group's number is its place in the finished regex, which factoring changes: name it instead.
    branches = [(words, f"(?P<g{index}>{_regex(words)})") for index, words in enumerate(ordered)]
    spoken = [branch for branch in branches if branch[0][0] not in _PUNCTUATION]
    marks = [regex for words, regex in branches if words[0] in _PUNCTUATION]
    regex = re.compile("|".join([*marks, rf"(?<!\w)(?:{_factor(spoken)})"]))
    places = [0] * (regex.groups + 1)
    for name, place in regex.groupindex.items():
        places[place] = written[ordered[int(name[1:])]]
    return regex, tuple(places)
