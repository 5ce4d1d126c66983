"""The coded words of a cryoablation's documentation, from HL7 and FHIR alike, in the spelling of the facts."""

import re

from services.report_normalizer.reasons import WarningCode
from services.report_normalizer.source import Source

_CRYOABLATION = re.compile(r"cryo-?ablat|cryo-?therapy of tumou?r|crioablaz", re.IGNORECASE)
_AFTERWARDS = re.compile(r"\b(?:post|after|follow|status|s/p|dopo|controllo|esiti)\b", re.IGNORECASE)
_ORGANS = {"soft_tissue": "soft_tissue", "softtissue": "soft_tissue", "lung": "lung", "bone": "bone"}
_SIDES = {
    "left": "left",
    "l": "left",
    "sinistra": "left",
    "sinistro": "left",
    "right": "right",
    "r": "right",
    "destra": "right",
    "destro": "right",
    "bilateral": "bilateral",
    "b": "bilateral",
    "bilaterale": "bilateral",
    "7771000": "left",
    "24028007": "right",
    "51440002": "bilateral",
}
_NO_SIDE = frozenset(("", "midline", "none", "n/a", "na", "unpaired", "center", "central"))


def is_cryoablation_name(name: str) -> bool:
    """Whether a procedure's name says cryoablation, and not an examination after one."""
    return bool(_CRYOABLATION.search(name)) and not _AFTERWARDS.search(name)


def token(text: str) -> str | None:
    """A coded word as a token: lower case, underscores for blanks."""
    return re.sub(r"[\s/-]+", "_", text.strip().lower()) or None


def organ_of(text: str) -> str | None:
    """The organ group: bone, lung or soft_tissue; another word stays as it is said."""
    word = token(text)
    return _ORGANS.get(word, word) if word else None


def side_word(text: str) -> str | None:
    """left, right or bilateral, where a word or a code says nothing else."""
    return _SIDES.get(text.strip().lower())


def side_of(text: str, source: Source) -> str | None:
    """left, right or bilateral; None for none, and, with a warning, for what can't be read."""
    word = text.strip().lower()
    if word in _SIDES:
        return _SIDES[word]
    if word not in _NO_SIDE:
        source.warn(WarningCode.VALUE_UNREADABLE)
    return None


def coolant_of(text: str) -> str | None:
    """LN2 or argon; another word stays as it is said."""
    word = text.strip().lower()
    if word in ("ln2", "liquid nitrogen", "nitrogen", "azoto liquido"):
        return "LN2"
    return "argon" if word.startswith("argon") else text.strip() or None
