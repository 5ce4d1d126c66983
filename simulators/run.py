"""One run: a cohort played by a seed, as messages in the order of arrival, with the truth beside them."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from simulators.cohort.model import Cohort
from simulators.cohort.paper import paper_cohort
from simulators.faults import with_faults
from simulators.ground_truth import ground_truth
from simulators.hospital import HospitalSystems
from simulators.message import Message
from simulators.random_cohort import random_cohort
from simulators.registry import register

COHORTS = ("paper", "random")
AFTER_LAST_PROCEDURE = timedelta(days=40)
LONGEST_CHAIN = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Run:
    """All messages of a run, the truth, and the instant at which the last 30-day window is long closed."""

    messages: list[Message]
    truth: dict[str, Any]
    horizon: datetime


def build_run(seed: int, cohort: str = "paper", faults: float = 0.3) -> Run:
    """A run of the paper's cohort (``paper``) or of another hospital (``random``).

    The same arguments give the same bytes. Raises ValueError for an unknown cohort or a dial outside 0 to 1.
    """
    if not 0 <= faults <= 1:
        raise ValueError("faults must lie between 0 and 1")
    people = _cohort(cohort, seed)
    hospital = register(people, "paper" if cohort == "paper" else f"random {seed}")
    horizon = hospital.last_end + AFTER_LAST_PROCEDURE
    sent = HospitalSystems(hospital, seed, faults, horizon - LONGEST_CHAIN).messages()
    messages, count = with_faults((each for each in sent if each.sim_time < horizon), seed, faults, horizon)
    summary = {
        "seed": seed,
        "faults": faults,
        "messages": dict(sorted(Counter(message.topic for message in messages).items())),
        "repeated": count.repeated,
        "garbled": count.garbled,
        "delayed": count.delayed,
    }
    return Run(messages, ground_truth(people, hospital, horizon, summary), horizon)


def _cohort(name: str, seed: int) -> Cohort:
    match name:
        case "paper":
            return paper_cohort()
        case "random":
            return random_cohort(seed)
        case _:
            raise ValueError(f"no such cohort; choose one of {', '.join(COHORTS)}")
