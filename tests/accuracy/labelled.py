"""The labelled texts, as they are written in the JSON lines beside this module."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with what a careful reader takes from it; `blind` texts are measured and never tuned on.

    A whole report also has `procedure_context` (organ, side and site of the lesion that was treated the day before)
    and `events`: what an expert records as that procedure's adverse events, each with its side and its grades.
    """

    id: str
    lang: str
    blind: bool
    text: str
    expected: str
    procedure_context: dict[str, Any] | None = None
    events: list[dict[str, Any]] | None = None


def labelled(kind: str) -> list[Labelled]:
    """The texts of `kind`: "sentences" or "reports"."""
    lines = (HERE / f"{kind}.jsonl").read_text(encoding="utf-8").splitlines()
    return [Labelled(**json.loads(line)) for line in lines]
