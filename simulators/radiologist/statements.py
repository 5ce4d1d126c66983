"""What the radiologist sees of a complication at one examination, and the sentences for it."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from simulators.cohort.model import Care, Complication, Finding, Side
from simulators.radiologist import phrases

Bank = tuple[str, ...]


class Stage(StrEnum):
    """Where in its course a complication is when the CT is made."""

    FIRST = "first"
    AGAIN = "again"
    AIR_ONLY = "air_only"
    DRAINED = "drained"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Shown:
    """A complication as one CT shows it; ``finding`` may be less specific than what it turns out to be."""

    finding: Finding
    side: Side
    stage: Stage
    size_mm: int

    @property
    def pleural(self) -> bool:
        """Whether it lies in the pleural space."""
        return self.finding not in (Finding.PULMONARY_EMBOLISM, Finding.HEMATOMA)


_FINDINGS: dict[tuple[Finding, Stage], Bank] = {
    (Finding.PLEURAL_EFFUSION, Stage.FIRST): phrases.EFFUSION_FIRST,
    (Finding.PLEURAL_EFFUSION, Stage.AGAIN): phrases.EFFUSION_AGAIN,
    (Finding.HEMORRHAGIC_EFFUSION, Stage.FIRST): phrases.HEMORRHAGIC_FIRST,
    (Finding.HEMORRHAGIC_EFFUSION, Stage.AGAIN): phrases.HEMORRHAGIC_AGAIN,
    (Finding.HYDROPNEUMOTHORAX, Stage.FIRST): phrases.HYDROPNEUMOTHORAX_FIRST,
    (Finding.HYDROPNEUMOTHORAX, Stage.AGAIN): phrases.HYDROPNEUMOTHORAX_RESIDUAL,
    (Finding.HYDROPNEUMOTHORAX, Stage.DRAINED): phrases.HYDROPNEUMOTHORAX_DRAINED,
    (Finding.HYDROPNEUMOTHORAX, Stage.AIR_ONLY): phrases.PNEUMOTHORAX_AT_END,
    (Finding.PULMONARY_EMBOLISM, Stage.FIRST): phrases.EMBOLISM_FIRST,
    (Finding.HEMATOMA, Stage.FIRST): phrases.HEMATOMA_FIRST,
    (Finding.HEMATOMA, Stage.AGAIN): phrases.HEMATOMA_AGAIN,
    (Finding.PLEURAL_EFFUSION, Stage.GONE): (
        "The {side} pleural effusion seen at the end of the procedure has resolved.",
        "Complete resolution of the small {side} pleural effusion described immediately after the procedure.",
    ),
}
_IMPRESSIONS: dict[Finding, Bank] = {
    Finding.PLEURAL_EFFUSION: phrases.EFFUSION_SHORT,
    Finding.HEMORRHAGIC_EFFUSION: phrases.HEMORRHAGIC_SHORT,
    Finding.HYDROPNEUMOTHORAX: phrases.HYDROPNEUMOTHORAX_SHORT,
    Finding.PULMONARY_EMBOLISM: phrases.EMBOLISM_SHORT,
    Finding.HEMATOMA: phrases.HEMATOMA_SHORT,
}
_CARE: dict[Care, Bank] = {
    Care.CHEST_TUBE: phrases.CHEST_TUBE,
    Care.ANTICOAGULATION: phrases.ANTICOAGULATION,
    Care.COMPRESSION: phrases.COMPRESSION,
}


def fill(sentence: str, **values: object) -> str:
    """A sentence with its blanks filled; ``Side`` is capitalized beside ``side``."""
    if "side" in values:
        values["Side"] = str(values["side"]).capitalize()
    return sentence.format_map(values)


def finding_sentence(rng: Random, shown: Shown) -> str:
    """A sentence of the findings section."""
    sentence = rng.choice(_FINDINGS[shown.finding, shown.stage])
    return fill(sentence, side=shown.side, mm=shown.size_mm, hu=rng.randint(42, 62))


def impression_sentence(rng: Random, shown: Shown) -> str:
    """The same in the few words of an impression."""
    if shown.stage is Stage.GONE:
        return fill("Resolved {side} pleural effusion.", side=shown.side)
    if shown.stage is Stage.AIR_ONLY:
        return fill("Small {side} pneumothorax.", side=shown.side)
    return fill(rng.choice(_IMPRESSIONS[shown.finding]), side=shown.side)


def care_sentence(rng: Random, event: Complication) -> str:
    """What was done, as a report mentions it."""
    if event.care is None:
        return rng.choice(phrases.NOT_DRAINED)
    return fill(rng.choice(_CARE[event.care]), side=event.side)


def size_of(rng: Random, finding: Finding) -> int:
    """A plausible size in mm: depth of fluid, width of air, length of a clot or of a hematoma."""
    return {
        Finding.PLEURAL_EFFUSION: rng.randint(6, 18),
        Finding.HEMORRHAGIC_EFFUSION: rng.randint(8, 22),
        Finding.HYDROPNEUMOTHORAX: rng.randint(9, 28),
        Finding.PULMONARY_EMBOLISM: rng.randint(4, 9),
        Finding.HEMATOMA: rng.randint(32, 58),
    }[finding]
