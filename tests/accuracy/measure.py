"""Measure the reader, open texts against blind ones, and write the figures into docs/accuracy.md.

Run as `python -m tests.accuracy.measure`; `--check` writes nothing and fails if the page is out of date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from services.clinical.reading import READER_VERSION
from tests.accuracy.labelled import labelled
from tests.accuracy.tally import Tally, class_f1, events_f1, f1, graded, recall, tally

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"
BEGIN, END = "<!-- reading figures: begin -->", "<!-- reading figures: end -->"
ASSERTIONS = ("present", "absent", "possible", "historical", "resolved", "hypothetical", "other_subject")


def _there(counted: Tally, name: str) -> str:
    c = counted.there[name]
    return f"{f1(c['tp'], c['fp'], c['fn']):.3f} ({c['tp']} / {c['fp']} / {c['fn']})"


def _events(counted: Tally) -> str:
    e = counted.events
    return f"{events_f1(counted):.3f} ({e['found']} / {e['invented']} / {e['missed']})"


def _graded(counted: Tally, ruleset: str) -> str:
    return f"{graded(counted, ruleset):.3f} ({counted.events[f'{ruleset} right']} of {counted.events['found']})"


def _detail(counted: Tally, name: str) -> str:
    right, wrong = counted.details[f"{name} right"], counted.details[f"{name} wrong"]
    return f"{right} of {right + wrong}"


def _figures(sentences: dict[str, Tally], reports: dict[str, Tally]) -> list[str]:
    lines = ["| Measure | Open | Blind |", "|---|---|---|"]

    def row(name: str, open_: str, blind: str) -> None:
        lines.append(f"| {name} | {open_} | {blind} |")

    def both(name: str, of: dict[str, Tally], show: object) -> None:
        assert callable(show)
        row(name, show(of["open"]), show(of["blind"]))

    both("Sentences", sentences, lambda t: str(t.texts))
    both("Sentences read exactly as labelled", sentences, lambda t: f"{t.perfect} ({t.perfect / t.texts:.1%})")
    both("Negation F1 (absent, sentences)", sentences, lambda t: f"{class_f1(t, 'absent'):.3f}")
    both("Presence F1 (present, sentences)", sentences, lambda t: f"{class_f1(t, 'present'):.3f}")
    both("Possible recalled (sentences)", sentences, lambda t: f"{recall(t, 'possible'):.3f}")
    both("Possible read as absent", sentences, lambda t: str(t.confusion["possible", "absent"]))
    both("Absent read as present", sentences, lambda t: str(t.confusion["absent", "present"]))
    for name in ("side", "severity", "change", "size", "site"):
        both(f"{name.capitalize()} right, where labelled (sentences)", sentences, lambda t, n=name: _detail(t, n))
    both("Whole reports", reports, lambda t: str(t.texts))
    both("Reports read exactly as labelled", reports, lambda t: f"{t.perfect} ({t.perfect / t.texts:.1%})")
    both("Pneumothorax, report level: F1 (found / invented / missed)", reports, lambda t: _there(t, "pneumothorax"))
    both("Effusion, report level: F1 (found / invented / missed)", reports, lambda t: _there(t, "pleural_effusion"))
    both("Negation F1 (absent, reports)", reports, lambda t: f"{class_f1(t, 'absent'):.3f}")
    both("Possible recalled (reports)", reports, lambda t: f"{recall(t, 'possible'):.3f}")
    both("Possible read as absent (reports)", reports, lambda t: str(t.confusion["possible", "absent"]))
    both("Absent read as present (reports)", reports, lambda t: str(t.confusion["absent", "present"]))
    both("24-hour events of whole reports: F1 (found / invented / missed)", reports, _events)
    for ruleset in ("orsi-2024", "sir-2017"):
        both(f"Grade by {ruleset}, of the events found", reports, lambda t, r=ruleset: _graded(t, r))
    return lines


def _confusion(title: str, counted: Tally) -> list[str]:
    heard = [*ASSERTIONS, "(missed)"]
    lines = ["", f"**{title}**: rows as labelled, columns as read.", "", "| | " + " | ".join(heard) + " |"]
    lines.append("|---" * (len(heard) + 1) + "|")
    lines += [
        f"| {said} | " + " | ".join(str(counted.confusion[said, one] or "") for one in heard) + " |"
        for said in (*ASSERTIONS, "(nothing)")
    ]
    return lines


def figures() -> str:
    """The generated part of the page."""
    parts = {}
    for kind in ("sentences", "reports"):
        texts = labelled(kind)
        parts[kind] = {
            "open": tally(text for text in texts if not text.blind),
            "blind": tally(text for text in texts if text.blind),
        }
    lines = [f"Reader {READER_VERSION}.", "", *_figures(parts["sentences"], parts["reports"])]
    for kind, halves in parts.items():
        for half, counted in halves.items():
            lines += _confusion(f"{kind.capitalize()}, {half}", counted)
    return "\n".join(lines)


def page(text: str, made: str) -> str:
    """The page with its generated part replaced."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{made}\n{END}{after}"


def main() -> int:
    """Print the figures and write them, or check them."""
    made = figures()
    text = PAGE.read_text(encoding="utf-8")
    wanted = page(text, made)
    if "--check" in sys.argv:
        return 0 if text == wanted else 1
    PAGE.write_text(wanted, encoding="utf-8")
    sys.stdout.write(made + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
