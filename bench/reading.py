"""How fast reports are read, with the answers checked: `python bench/reading.py`.

The reports are made of the labelled ones, each read once per round; a wrong answer fails the run, however fast. One
process, one core, nothing memoized; the time is the processor's own, so that a busy machine does not count. Sentences
are counted as the reader's own layout counts them, blanks left out.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from services.clinical.reading import read
from services.clinical.reading.folding import break_lines, fold
from services.clinical.reading.layout import lay_out
from services.clinical.reading.lexicon import lexicon
from services.clinical.reading.tokens import tokenize
from tests.accuracy.labelled import Labelled, labelled
from tests.clinical.reading.expectation import difference

FILLER = {
    "en": "The heart is normal in size. The mediastinal contours are unremarkable. The airways are patent. "
    "The liver and spleen are unremarkable. There is mild degenerative change of the thoracic spine. ",
    "it": "Ombra cardiaca nei limiti della norma. Vie aeree pervie. Non linfoadenopatie ilari o mediastiniche. "
    "Fegato e milza regolari. Note spondilosiche del rachide dorsale. ",
}
"""What any report says beside; a quarter to a half of a real one has no term of ours."""


def sentences(text: str, language: str) -> int:
    """How many sentences `text` has."""
    lines = break_lines(text)
    folded = fold(lines)
    layout = lay_out(lines, folded, tokenize(folded, lexicon(language).slips), lexicon(language), None)
    return sum(bool(lines[a:b].strip(" \n.")) for a, b in zip(layout.starts, layout.ends, strict=True))


def _longer(report: Labelled) -> str:
    return f"{FILLER[report.lang]}\n\n{report.text}"


def main() -> int:
    """Time rounds over all open reports and check every answer of the first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--at-least", type=float, default=20_000, help="sentences a second, or fail")
    given = parser.parse_args()
    reports = [report for report in labelled("reports") if not report.blind]
    texts = [(_longer(report), report.lang) for report in reports]
    wrong = [
        report.id
        for report, (text, language) in zip(reports, texts, strict=True)
        if difference(
            report.expected, tuple(f for f in read(text, language=language).findings if f.kind != "escalation")
        )
    ]
    count = sum(sentences(text, language) for text, language in texts)
    best = 0.0
    for _ in range(given.rounds):
        started = time.process_time()
        for text, language in texts:
            read(text, language=language)
        best = max(best, count / (time.process_time() - started))
    sys.stdout.write(f"{len(texts)} reports, {count} sentences, {best:,.0f} sentences/s, {len(wrong)} wrong {wrong}\n")
    return 0 if best >= given.at_least and not wrong else 1


if __name__ == "__main__":
    raise SystemExit(main())
