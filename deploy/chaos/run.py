"""One chaos run: storms over a pipeline under load; after each it catches up, and is compared with the oracle."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from deploy.chaos.faults import DEEDS
from deploy.chaos.ground import Exit, Ground, ground
from deploy.chaos.load import Load
from deploy.chaos.schedule import Fault, Storm
from deploy.chaos.settling import caught_up
from deploy.chaos.tape import Tape
from deploy.chaos.verdict import Finding, judge
from deploy.local.stack import SERVICES
from simulators.run import Run

LIVE_SHARE = 0.9
"""The share of the messages that is sent in storms; the rest lies in Kafka before the first service starts."""


@dataclass(frozen=True, slots=True)
class Weathered:
    """A storm that has passed. ``recovery`` counts from the lift of its last fault (s); None when it never settled."""

    storm: Storm
    recovery: float | None
    findings: tuple[Finding, ...]
    exits: tuple[Exit, ...]

    @property
    def last_lifted(self) -> Fault:
        """The fault that was lifted last, to which the recovery belongs."""
        return max(self.storm, key=lambda fault: fault.at + fault.lasts)


@dataclass
class Outcome:
    """A whole run. ``findings`` are those after the load's end, at the horizon."""

    seed: int
    messages: int
    storms: list[Weathered] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    records: dict[str, int] = field(default_factory=dict)
    disks_met: int = 0
    mounted: bool = False
    seconds: float = 0.0

    @property
    def all_findings(self) -> list[Finding]:
        """The findings of every storm and of the end."""
        return [*(finding for storm in self.storms for finding in storm.findings), *self.findings]

    @property
    def exact(self) -> bool:
        """Whether nothing was lost, nothing doubled, and no service ended of a bug or of dead letters."""
        return not self.all_findings


@dataclass
class Watcher:
    """What a run tells as it goes on: words, and numbers of (faults lifted, messages sent, messages in the ledger)."""

    say: Callable[[str], None] = lambda _: None
    progress: Callable[[int, int, int], None] = lambda faults, sent, entered: None


def weather_storms(
    seed: int,
    run: Run,
    storms: Sequence[Storm],
    folder: Path,
    watcher: Watcher,
    *,
    patience: float = 90,
) -> Outcome:
    """Carry out a schedule; it ends at the first storm after which the pipeline doesn't settle or differs."""
    started = time.monotonic()
    result = Outcome(seed, len(run.messages))
    with ground(folder) as world:
        result.mounted = world.database_disk.mounted
        stage = _Stage(world, _load(run, world), Tape(world.broker.bootstrap), watcher, patience)
        stage.open()
        share = int(len(run.messages) * LIVE_SHARE / max(1, len(storms)))
        for number, storm in enumerate(storms):
            last = number == len(storms) - 1
            stage.load.burst(share if not last else len(run.messages))
            result.storms.append(stage.weather(storm))
            if result.storms[-1].findings or result.storms[-1].recovery is None:
                break
        else:
            result.findings = stage.close(run.horizon)
        result.records = {name: len(records) for name, records in stage.tape.records.items()}
        result.disks_met = world.disks_met
    result.seconds = time.monotonic() - started
    return result


def _load(run: Run, world: Ground) -> Load:
    ports = world.stack.ports
    fhir = f"http://127.0.0.1:{ports['fhir_intake']}/fhir"
    return Load(run, world.stack.kafka, f"127.0.0.1:{ports['mllp']}", fhir, world.stack.clock_file)


class _Stage:
    """The world with its load, its tape and its watcher."""

    def __init__(self, world: Ground, load: Load, tape: Tape, watcher: Watcher, patience: float) -> None:
        self.world, self.load, self.tape, self.watcher, self.patience = world, load, tape, watcher, patience
        self._lifted = 0
        self._entered = 0

    def open(self) -> None:
        """The intake alone takes what comes before the others have ever run; then they start."""
        world = self.world
        self.load.set_clock(self.load.now)
        world.start("intake")
        world.stack.wait_ready(["intake"])
        self.load.begin(lambda: world.skew)
        self.load.burst(int(len(self.load.run.messages) * (1 - LIVE_SHARE)))
        for service in SERVICES:
            if service != "intake":
                world.start(service)
        self._settle(None)

    def weather(self, storm: Storm) -> Weathered:
        """One storm, the calm after it, and the comparison."""
        exits = len(self.world.exits)
        began = time.monotonic()
        deeds = [(fault.at, 0, fault) for fault in storm] + [(fault.at + fault.lasts, 1, fault) for fault in storm]
        for at, lift, fault in sorted(deeds, key=lambda deed: deed[:2]):
            while time.monotonic() - began < at:
                self.world.supervise()
                self._tell()
                time.sleep(0.05)
            self.watcher.say(f"{'lifted' if lift else 'struck'}: {fault.kind} {fault.target}")
            DEEDS[fault.kind][lift](self.world, fault.target)
            self._lifted += lift
            self._tell()
        findings: list[Finding] = []
        recovery: float | None = None
        try:
            recovery = self._settle(None)
            self.world.bugs_expected = False
            findings = judge(self.world, self.load, self.tape, self.load.now)
        except TimeoutError as problem:
            self.watcher.say(f"doesn't settle: {problem}")
            findings = [Finding(f"it doesn't settle ({problem})")]
        ended = tuple(self.world.exits[exits:])
        findings += [Finding(f"{one.replica} ended with code {one.code}") for one in ended if one.code in (70, 76)]
        for finding in findings:
            self.watcher.say(f"DIFFERS {finding}")
        return Weathered(storm, recovery, tuple(findings), ended)

    def close(self, horizon: datetime) -> list[Finding]:
        """Time runs to the horizon, and everything is compared once more."""
        self.load.set_clock(horizon)
        try:
            self._settle(horizon)
        except TimeoutError as problem:
            return [Finding(f"it doesn't settle at the horizon ({problem})")]
        return judge(self.world, self.load, self.tape, horizon)

    def _settle(self, instant: datetime | None) -> float:
        return caught_up(self.world, self.load, instant, self.patience, self._count, self.watcher.say)

    def _count(self, entered: int) -> None:
        self._entered = entered
        self._tell()

    def _tell(self) -> None:
        self.watcher.progress(self._lifted, self.load.sent, self._entered)
