"""The examples in ``schemas/fhir/examples``, as the gateway writes them.

``python -m tests.fhir_gateway.examples`` writes them again after a change of the mapping.
"""

import json
from collections.abc import Callable
from typing import Any

from services.clinical.events.adverse_event import AdverseEvent, Certainty, EventStatus, Phase, Timing
from services.contracts.registry import SCHEMAS
from services.fhir_gateway.capability import Secured, capability
from services.fhir_gateway.release import Release
from tests.fhir_gateway.events import SENTENCE, day, drained, event, grade, written

FOLDER = SCHEMAS / "fhir" / "examples"


def _shown(one: AdverseEvent, sentence: str | None = None) -> Callable[[Release], dict[str, Any]]:
    return lambda release: written(one, release, (sentence,) if sentence else ())


def _capability(release: Release) -> dict[str, Any]:
    found = capability(release, f"http://127.0.0.1:8080/{release.value}", secured=Secured.OPEN)
    return found | {"software": {"name": "CryoWatch"}}


EXAMPLES: dict[str, Callable[[Release], dict[str, Any]]] = {
    "capability-statement": _capability,
    "hydropneumothorax-drained-provisional": _shown(
        drained(hemorrhagic=True, review=("side_not_stated",), preliminary=True), SENTENCE
    ),
    "hydropneumothorax-drained-final": _shown(drained(phase=Phase.FINAL, grades=(grade(2, provisional=False),))),
    "effusion-day-known": _shown(event("pleural_effusion", onset=day(), timing=Timing.UNDECIDED)),
    "embolism-without-side": _shown(event("pulmonary_embolism", compartment="pulmonary_artery", side=None)),
    "death-time-unknown": _shown(
        event("death", compartment="patient", side=None, onset=None, outcome="fatal", grades=(grade(5),), evidence=())
    ),
    "withdrawn": _shown(drained(status=EventStatus.WITHDRAWN)),
    "withdrawn-only-possible": _shown(drained(certainty=Certainty.POSSIBLE)),
}


def example_text(name: str, release: Release) -> str:
    """The file's text."""
    return json.dumps(EXAMPLES[name](release), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every example."""
    for release in Release:
        (FOLDER / release.value).mkdir(parents=True, exist_ok=True)
        for name in EXAMPLES:
            (FOLDER / release.value / f"{name}.json").write_text(example_text(name, release), "utf-8")


if __name__ == "__main__":
    main()
