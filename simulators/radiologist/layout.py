"""How reports look on paper: headings, numbering, wrapped lines, dictation, British spelling."""

import textwrap
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from simulators.radiologist.report import CtReport

_BRITISH = {
    "hemorrhag": "haemorrhag",
    "hemothorax": "haemothorax",
    "hematoma": "haematoma",
    "hemoperitoneum": "haemoperitoneum",
    "hyperemia": "hyperaemia",
    "tumor": "tumour",
}


class Layout(StrEnum):
    """The house layout of a reporting system."""

    HEADINGS = "headings"
    INLINE_HEADINGS = "inline_headings"
    SECTION_CODES = "section_codes"
    DICTATION = "dictation"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a report; ``section`` is GDT (findings and all else) or IMP (impression)."""

    section: str
    text: str


def pick_layout(rng: Random) -> Layout:
    """The layout of one report."""
    return rng.choice(
        (Layout.HEADINGS, Layout.HEADINGS, Layout.INLINE_HEADINGS, Layout.SECTION_CODES, Layout.DICTATION)
    )


def lay_out(rng: Random, report: CtReport, layout: Layout) -> list[Line]:
    """The report's lines. Words keep their order; only form and spelling vary."""
    lines = {
        Layout.HEADINGS: _headings,
        Layout.INLINE_HEADINGS: _inline_headings,
        Layout.SECTION_CODES: _section_codes,
        Layout.DICTATION: _dictation,
    }[layout](rng, report)
    if rng.random() < 0.35:
        lines = [Line(line.section, piece) for line in lines for piece in (textwrap.wrap(line.text, 74) or [""])]
    if rng.random() < 0.5:
        lines = [Line(line.section, _british(line.text)) for line in lines]
    if rng.random() < 0.7:
        lines.append(Line("IMP", f"Electronically signed by {report.radiologist}"))
    return lines


def plain_text(lines: list[Line]) -> str:
    """The lines as one text, as a document or a FHIR attachment holds it."""
    return "\n".join(line.text for line in lines)


def _british(text: str) -> str:
    for american, british in _BRITISH.items():
        text = text.replace(american, british).replace(american.capitalize(), british.capitalize())
    return text


def _impression_lines(rng: Random, report: CtReport) -> list[str]:
    sentences = report.text.impression
    style = rng.choice(("numbered", "plain", "dashes"))
    if style == "numbered" and len(sentences) > 1:
        return [f"{number}. {sentence}" for number, sentence in enumerate(sentences, 1)]
    return [f"- {sentence}" for sentence in sentences] if style == "dashes" else list(sentences)


def _headings(rng: Random, report: CtReport) -> list[Line]:
    text = report.text
    conclusion = rng.choice(("IMPRESSION:", "CONCLUSION:", "IMPRESSION"))
    indication = rng.choice(("INDICATION:", "CLINICAL INFORMATION:", "CLINICAL HISTORY:"))
    lines = [
        "EXAM: " + report.exam.name,
        "",
        indication,
        text.indication,
        "",
        "TECHNIQUE:",
        text.technique,
        "",
    ]
    lines += ["COMPARISON:", text.comparison, "", "FINDINGS:", *_paragraphs(rng, text.findings), ""]
    return [Line("GDT", line) for line in lines] + [
        Line("IMP", line) for line in (conclusion, *_impression_lines(rng, report))
    ]


def _inline_headings(rng: Random, report: CtReport) -> list[Line]:
    text = report.text
    lines = [
        f"Indication: {text.indication}",
        f"Technique: {text.technique}",
        f"Comparison: {text.comparison}",
    ]
    lines.append("Findings: " + " ".join(text.findings))
    return [Line("GDT", line) for line in lines] + [
        Line("IMP", rng.choice(("Impression: ", "Conclusion: ")) + " ".join(text.impression))
    ]


def _section_codes(rng: Random, report: CtReport) -> list[Line]:
    text = report.text
    lines = [
        f"Indication: {text.indication}",
        f"Comparison: {text.comparison}",
        *_paragraphs(rng, text.findings),
    ]
    return [Line("GDT", line) for line in lines] + [Line("IMP", line) for line in _impression_lines(rng, report)]


def _dictation(rng: Random, report: CtReport) -> list[Line]:
    text = report.text
    opening = f"{report.exam.name}. {text.indication} {text.technique}"
    return [
        Line("GDT", opening),
        *(Line("GDT", paragraph) for paragraph in _paragraphs(rng, text.findings)),
        Line("IMP", "In conclusion: " + " ".join(text.impression)),
    ]


def _paragraphs(rng: Random, sentences: tuple[str, ...]) -> list[str]:
    """Sentences one a line, or gathered into paragraphs of a few."""
    if rng.random() < 0.5:
        return list(sentences)
    paragraphs: list[str] = []
    rest = list(sentences)
    while rest:
        count = rng.randint(2, 4)
        paragraphs.append(" ".join(rest[:count]))
        rest = rest[count:]
    return paragraphs
