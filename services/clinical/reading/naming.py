"""The most specific name for what a term and its traits say, and what findings of one sentence make of each other."""

from __future__ import annotations

from dataclasses import replace

from services.clinical.reading.attributes import SEVERAL, SITED, Traits
from services.clinical.reading.lexicon import Term
from services.clinical.reading.model import Assertion
from services.clinical.reading.positions import Mention

_NERVE_OF = {"diaphragm": "phrenic", "femur": "femoral", "foot": "peroneal"}
_BLEEDING = "active_bleeding"
_PARTS = ("hemorrhagic_pleural_effusion", "pleural_effusion", "pneumothorax")


def named(term: Term, told: Traits, assertion: Assertion) -> tuple[str, str | None, tuple[str, ...]]:
    """The finding, its site and its qualifiers: bloody fluid is hemorrhagic, blood in the lung is the lung's."""
    finding = term.finding
    qualifiers = told.qualifiers.union(term.qualifiers) if term.qualifiers else told.qualifiers
    if told.bloody and finding == "pleural_effusion":
        finding = "hemorrhagic_pleural_effusion"
    elif told.bloody and finding == "hydropneumothorax":
        qualifiers = {*qualifiers, "hemorrhagic"}
    site = term.site or (told.site if finding in SITED else None)
    if finding == "pulmonary_embolism":
        site = term.site or (told.level if told.level != SEVERAL else None)
    elif finding == "nerve_injury" and site is not None:
        site = _NERVE_OF.get(site, site)
    elif finding == "hemorrhage" and site == "lung":
        finding = "pulmonary_hemorrhage"
    if finding == "pulmonary_hemorrhage":
        site = None
    if assertion is Assertion.ABSENT:
        qualifiers = qualifiers - {_BLEEDING}
    return finding, site, tuple(sorted(qualifiers)) if qualifiers else ()


def companions(mentions: list[Mention]) -> list[Mention]:
    """A hematoma with active bleeding bleeds, where it is; a hemorrhage around an ablated lung lesion is the lung's."""
    if len(mentions) < 2 and not (mentions and mentions[0].finding.finding == "hemorrhage"):
        return mentions
    names = [one.finding.finding for one in mentions]
    if "hydropneumothorax" in names:
        mentions = _without_parts(mentions)
    if "hemorrhage" not in names:
        return mentions
    bleeding = any(_BLEEDING in one.finding.qualifiers and one.finding.finding == "hemorrhage" for one in mentions)
    hematoma = next((one.finding for one in mentions if one.finding.finding == "hematoma"), None)
    lung = any(one.finding.finding == "ground_glass_halo" for one in mentions)
    made = []
    for one in mentions:
        found = one.finding
        if found.finding == "hematoma" and bleeding:
            found = replace(found, qualifiers=tuple(sorted({*found.qualifiers, _BLEEDING})))
        elif found.finding == "hemorrhage" and _BLEEDING in found.qualifiers and hematoma is not None:
            found = replace(found, side=found.side or hematoma.side, site=found.site or hematoma.site)
        elif found.finding == "hemorrhage" and found.site is None and lung and found.assertion is not Assertion.ABSENT:
            found = replace(found, finding="pulmonary_hemorrhage")
        made.append(replace(one, finding=found))
    return made


def _without_parts(mentions: list[Mention]) -> list[Mention]:
    """ "Hydropneumothorax with hyperdense fluid" is one thing, noted as hemorrhagic, and not its fluid besides."""
    whole = next(n for n, one in enumerate(mentions) if one.finding.finding == "hydropneumothorax")
    named_whole = mentions[whole].finding
    parts = [
        one
        for one in mentions[whole + 1 :]
        if one.finding.finding in _PARTS
        and one.finding.assertion is named_whole.assertion
        and one.finding.side in (None, named_whole.side)
    ]
    if any(one.finding.finding == "hemorrhagic_pleural_effusion" for one in parts):
        qualifiers = tuple(sorted({*named_whole.qualifiers, "hemorrhagic"}))
        mentions = [*mentions]
        mentions[whole] = replace(mentions[whole], finding=replace(named_whole, qualifiers=qualifiers))
    return [one for one in mentions if one not in parts]
