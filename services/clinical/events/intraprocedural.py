"""Events that the console's telemetry shows during the procedure: alarms and sustained vital-sign excursions.

Hypertension is an adverse event only where a crisis is expected of the tissue: over an adrenal lesion, in the thaw
or after it, when the frozen gland empties. Elsewhere it stays in the treatment summary for a person to read.
"""

from dataclasses import dataclass

from services.clinical.moments import Moment, at
from services.clinical.procedures.record import RecordedLesion
from services.clinical.statements import TreatmentSummary

_EVENTS = {"hypotension": "hypotension", "hypoxia": "hypoxia", "tachycardia": "arrhythmia", "bradycardia": "arrhythmia"}
_ALARMS = {
    "arrest": "cardiac_arrest",
    "cardiac_arrest": "cardiac_arrest",
    "asystole": "cardiac_arrest",
    "arrhythmia": "arrhythmia",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One event from telemetry: its token, when it began, and which console shows it."""

    event: str
    onset: Moment
    source: str
    says: str


def measured(treatments: tuple[TreatmentSummary, ...], lesions: tuple[RecordedLesion, ...]) -> list[Measured]:
    """The intra-procedural events of one procedure, the earliest of each kind, in canonical order."""
    adrenal = any(lesion.location == "adrenal" for lesion in lesions)
    found: dict[str, Measured] = {}
    for treatment in treatments:
        source = f"console:{treatment.site}:{treatment.console}"
        seen = [(_ALARMS[a.code], a.at, f"alarm:{a.code}") for a in treatment.alarms if a.code in _ALARMS]
        for e in treatment.excursions:
            token = "hypertensive_crisis" if e.vital == "hypertension" and adrenal else _EVENTS.get(e.vital)
            if token and not (token == "hypertensive_crisis" and e.phase == "freeze"):
                seen.append((token, e.first_at, f"{e.vital}:{e.phase}"))
        for token, instant, says in seen:
            one = Measured(token, at(instant), source, says)
            if token not in found or one.onset < found[token].onset:
                found[token] = one
    return [found[token] for token in sorted(found)]
