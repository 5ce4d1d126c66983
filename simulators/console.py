"""The cryoablation console: frames of temperatures, phases and vital signs as the device streams them.

No public data export of a liquid-nitrogen console is known; the frames follow this project's own schema
``procedure-telemetry.v1``. One probe is inserted one to three times; each insertion is frozen, thawed and
frozen again.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp
from random import Random
from typing import Any

from simulators.message import Message, telemetry_message
from simulators.randomness import stream
from simulators.registry import Hospital, Procedure

FRAME_SECONDS = 60
STEP_SECONDS = 5.0
COLDEST_C = -162.0
_MINUTES = {1: (5, 3, 4), 2: (4, 2, 3), 3: (3, 1, 2)}
_PHASES = ("freeze", "thaw_passive", "freeze")


@dataclass(frozen=True, slots=True)
class Step:
    """One phase of an insertion: what the console does and for how many frames."""

    lesion: int
    insertion: int
    cycle: int
    phase: str
    frames: int


def console_frames(hospital: Hospital, procedure: Procedure, seed: int) -> Iterator[Message]:
    """The frames of one procedure in the order of their numbers."""
    recorder = _Recorder(hospital.site.code, procedure, stream(seed, "console", procedure.accession))
    for step in _steps(procedure):
        yield from recorder.record(step)


def _steps(procedure: Procedure) -> list[Step]:
    if not procedure.session.treated:
        return [
            Step(procedure.lesions[0].number, 1, 1, phase, frames)
            for phase, frames in (("idle", 2), ("test", 2), ("idle", 2))
        ]
    total = sum(procedure.positions)
    minutes = _MINUTES[total]
    steps = [
        Step(procedure.lesions[0].number, 1, 1, "idle", 1),
        Step(procedure.lesions[0].number, 1, 1, "test", 1),
    ]
    insertion = 0
    for lesion, count in zip(procedure.lesions, procedure.positions, strict=True):
        for _ in range(count):
            insertion += 1
            for cycle, phase, frames in zip((1, 1, 2), _PHASES, minutes, strict=True):
                steps.append(Step(lesion.number, insertion, cycle, phase, frames))
            steps.append(Step(lesion.number, insertion, 2, "thaw_active", 1))
            steps.append(Step(lesion.number, insertion, 2, "warm", 1))
    steps.append(Step(steps[-1].lesion, insertion, 2, "done", 1))
    return steps


class _Recorder:
    """The state of one console during one procedure: clock, probe temperature, level of nitrogen."""

    def __init__(self, site: str, procedure: Procedure, rng: Random) -> None:
        self._site = site
        self._procedure = procedure
        self._rng = rng
        self._key = hashlib.sha256(procedure.accession.encode()).hexdigest()[:16]
        self._at = procedure.start + timedelta(minutes=rng.randint(12, 20), seconds=rng.randint(0, 59))
        self._started = self._at
        self._total = sum(step.frames for step in _steps(procedure))
        self._frame = 0
        self._insertion = 1
        self._tip = 22.0
        self._level = rng.uniform(92, 99)
        self._note = rng.choice(
            ("tract embolized with gelatin plug", "biopsy taken before freezing", "hydrodissection 80 ml", "")
        )
        self._vitals_missing = rng.random() < 0.08

    def record(self, step: Step) -> Iterator[Message]:
        """The frames of one step."""
        if step.insertion != self._insertion:
            self._insertion = step.insertion
            self._at += timedelta(minutes=self._rng.randint(3, 6))
            self._tip = 24.0
        phase_started = self._at
        for _ in range(step.frames):
            yield self._one(step, phase_started)

    def _one(self, step: Step, phase_started: datetime) -> Message:
        self._frame += 1
        started = self._at
        alarms: list[dict[str, str]] = []
        count = int(FRAME_SECONDS / STEP_SECONDS)
        tips = [self._next_tip(step.phase) for _ in range(count)]
        levels = [self._next_level(step.phase) for _ in range(count)]
        self._at = started + timedelta(seconds=FRAME_SECONDS)
        if self._level < 15:
            alarms.append({"code": "CRYOGEN_LOW", "at": _iso(started)})
        samples: dict[str, Any] = {"started": _iso(started), "step_s": STEP_SECONDS, "tip_c": tips}
        samples["cryogen_level_pct"] = levels
        if step.phase in ("freeze", "thaw_passive") and self._frame % 2:
            samples["thermocouple_c"] = [[round(tip * 0.35 + 20 + self._rng.uniform(-1, 1), 1) for tip in tips]]
        if not self._vitals_missing:
            samples |= self._vitals(step, count)
        frame: dict[str, Any] = {
            "schema": "procedure-telemetry.v1",
            "site": self._site,
            "console": self._procedure.console,
            "accession": self._procedure.accession,
            "frame": self._frame,
            "sent": _iso(self._at),
        }
        if self._frame in (1, self._total):
            frame["header"] = self._header()
        frame |= {
            "lesion": step.lesion,
            "insertion": step.insertion,
            "cycle": step.cycle,
            "phase": step.phase,
            "phase_started": _iso(phase_started),
            "samples": samples,
            "alarms": alarms,
        }
        value = json.dumps(frame, separators=(",", ":"), ensure_ascii=False).encode()
        return telemetry_message(self._procedure.console, self._key, value, self._at)

    def _header(self) -> dict[str, Any]:
        header: dict[str, Any] = {"started": _iso(self._started)}
        if self._frame == self._total:
            header["ended"] = _iso(self._at)
        header |= {
            "device": "IceSense3",
            "coolant": "LN2",
            "gauge": self._procedure.gauge,
            "positions": max(1, sum(self._procedure.positions)),
        }
        if self._note:
            header["operator_note"] = self._note
        return header

    def _next_tip(self, phase: str) -> float:
        goal, seconds = {
            "freeze": (COLDEST_C, 22.0),
            "test": (-60.0, 30.0),
            "thaw_passive": (-5.0, 60.0),
            "thaw_active": (25.0, 20.0),
            "warm": (38.0, 15.0),
        }.get(phase, (24.0, 120.0))
        self._tip = goal + (self._tip - goal) * exp(-STEP_SECONDS / seconds)
        return round(self._tip + self._rng.uniform(-0.8, 0.8), 1)

    def _next_level(self, phase: str) -> float:
        self._level -= STEP_SECONDS * (0.09 if phase == "freeze" else 0.01)
        return round(max(self._level, 8.0), 1)

    def _vitals(self, step: Step, count: int) -> dict[str, list[float | None]]:
        """Vital signs under general anesthesia; a thawing adrenal raises the pressure, short of a crisis."""
        adrenal = any(
            lesion.location == "adrenal" and lesion.number == step.lesion for lesion in self._procedure.lesions
        )
        surge = 30 if adrenal and step.phase.startswith("thaw") else 0
        rng = self._rng
        pressure = [index % 6 == 0 for index in range(count)]
        return {
            "systolic_mmhg": [rng.randint(104, 132) + surge if measured else None for measured in pressure],
            "diastolic_mmhg": [rng.randint(58, 76) + surge // 3 if measured else None for measured in pressure],
            "spo2_pct": [None if rng.random() < 0.03 else rng.randint(96, 100) for _ in range(count)],
            "heart_rate_bpm": [rng.randint(58, 82) + surge // 5 for _ in range(count)],
        }


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
