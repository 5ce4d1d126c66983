"""The codes that some departments send beside a report's text: SNOMED CT, with the side where it is known."""

from collections.abc import Iterable
from dataclasses import dataclass

from simulators.cohort.model import Finding, Side
from simulators.radiologist.statements import Shown, Stage

SNOMED = "http://snomed.info/sct"
_PNEUMOTHORAX = ("36118008", "Pneumothorax")
_EFFUSION = ("60046008", "Pleural effusion")
_CODES: dict[Finding, tuple[tuple[str, str], ...]] = {
    Finding.PLEURAL_EFFUSION: (_EFFUSION,),
    Finding.HEMORRHAGIC_EFFUSION: (("31892009", "Hemothorax"),),
    Finding.HYDROPNEUMOTHORAX: (_PNEUMOTHORAX, _EFFUSION),
    Finding.PULMONARY_EMBOLISM: (("59282003", "Pulmonary embolism"),),
    Finding.HEMATOMA: (("385494008", "Hematoma"),),
}
_SIDES = {"left": ("7771000", "Left"), "right": ("24028007", "Right")}


@dataclass(frozen=True, slots=True)
class Code:
    """One coded finding; ``site`` is the code and name of the side, for those that lie in the pleura."""

    code: str
    name: str
    site: tuple[str, str] | None = None


def codes_of(shown: Iterable[Shown]) -> tuple[Code, ...]:
    """The codes of what a CT shows for certain; what has resolved or is drained isn't coded."""
    found = []
    for one in shown:
        if one.stage is Stage.AIR_ONLY:
            named: tuple[tuple[str, str], ...] = (_PNEUMOTHORAX,)
        else:
            named = _CODES[one.finding] if one.stage in (Stage.FIRST, Stage.AGAIN) else ()
        side = _SIDES[Side(one.side).value] if one.pleural else None
        found += [Code(code, name, side) for code, name in named]
    return tuple(found)
