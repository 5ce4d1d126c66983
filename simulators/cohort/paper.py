"""The cohort of Orsi et al. 2024 (Br J Radiol 97:1863-1869, doi 10.1093/bjr/tqae171), made well defined.

The paper prints tables and no patients. ``paper.toml`` is one assignment under which every printed count is
true at once: nobody has two lesions in one organ group, and the three patients with two events have them in
two organ groups, from one session each. See ``tables.py`` for the counts that it must meet.
"""

import tomllib
from importlib.resources import files
from itertools import groupby
from typing import Any

from simulators.cohort.model import Care, Cohort, Complication, Finding, Lesion, Organ, Patient, Session, Side


def paper_cohort() -> Cohort:
    """The 85 patients of the paper with their 96 lesions in 89 procedures."""
    source = (files("simulators.cohort") / "paper.toml").read_text(encoding="utf-8")
    entries = tomllib.loads(source)["patient"]
    return Cohort("paper", tuple(_patient(number, entry) for number, entry in enumerate(entries, 1)))


def _patient(number: int, entry: dict[str, Any]) -> Patient:
    sessions = tuple(
        Session(tuple(_lesion(position, lesion) for position, lesion in enumerate(lesions, 1)))
        for _, lesions in groupby(entry["lesions"], key=lambda lesion: lesion["session"])
    )
    return Patient(number, entry["sex"], entry["age"], sessions)


def _lesion(number: int, entry: dict[str, Any]) -> Lesion:
    return Lesion(
        number=number,
        organ=Organ(entry["organ"]),
        location=entry["location"],
        side=Side(entry["side"]) if "side" in entry else None,
        size_mm=entry["size_mm"],
        pleura_mm=entry.get("pleura_mm"),
        label=entry.get("label"),
        abandoned=entry.get("abandoned"),
        complication=_complication(entry),
    )


def _complication(entry: dict[str, Any]) -> Complication | None:
    if "event" not in entry:
        return None
    care = Care(entry["care"]) if "care" in entry else None
    return Complication(Finding(entry["event"]), Side(entry["event_side"]), care, entry.get("extra_days", 0))
