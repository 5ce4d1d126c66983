"""Why an act can't be carried out, in words for the person who asked for it."""

from enum import StrEnum


class Kind(StrEnum):
    """What is in the way."""

    UNKNOWN = "unknown"
    CONFLICT = "conflict"
    ERASED = "erased"
    INVALID = "invalid"


class Problem(Exception):
    """An act that can't be carried out; nothing was changed."""

    def __init__(self, kind: Kind, words: str) -> None:
        super().__init__(kind.value)
        self.kind, self.words = kind, words
