"""The labelled texts, as they are written in the JSON lines beside this module."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with what a careful reader takes from it; `blind` texts are measured and never tuned on."""

    id: str
    lang: str
    blind: bool
    text: str
    expected: str


def labelled(kind: str) -> list[Labelled]:
    """The texts of `kind`: "sentences" or "reports"."""
    lines = (HERE / f"{kind}.jsonl").read_text(encoding="utf-8").splitlines()
    return [Labelled(**json.loads(line)) for line in lines]
