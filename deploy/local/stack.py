"""All services as processes on this machine, for the demo, the tests and the benchmarks; none is left behind."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.broker import LocalBroker
from deploy.local.parent import die_with_parent

SERVICES = (
    "report_normalizer",
    "telemetry_reducer",
    "procedure_joiner",
    "window_timer",
    "complication_metrics",
    "fhir_gateway",
    "intake",
    "desk",
)
ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Service:
    """One running service: its process, its ops port and its log."""

    name: str
    process: subprocess.Popen[bytes]
    ops_port: int
    log: Path

    @property
    def ready(self) -> bool:
        """Whether it says that it can work."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ops_port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@dataclass
class Stack:
    """The services with the addresses that they share. ``folder`` holds keys, logs, the clock and the sites file.

    ``own`` has settings of single services by name, those of the command under ``command``.
    """

    kafka: str
    database_url: str
    folder: Path
    extra: dict[str, str] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    broker: LocalBroker | None = None
    own: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        keys = self.folder / "secrets"
        keys.mkdir(parents=True, exist_ok=True)
        for name in ("event_id_key", "routing_key"):
            if not (keys / name).exists():
                (keys / name).write_text(secrets.token_hex(32))
                (keys / name).chmod(0o600)
        sites = self.folder / "sites.toml"
        if not sites.exists():
            sites.write_text((ROOT / "deploy" / "sites.example.toml").read_text("utf-8"))
        for name in ("mllp", "fhir_intake", "gateway", "desk"):
            self.ports.setdefault(name, free_port())

    @property
    def clock_file(self) -> Path:
        """The simulated clock; the services use it once it exists."""
        return self.folder / "clock"

    def environment(self, ops_port: int = 0, name: str = "") -> dict[str, str]:
        """The settings of a service."""
        known = {k: v for k, v in os.environ.items() if not k.startswith("CRYOWATCH_")}
        return known | {
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "CRYOWATCH_KAFKA": self.kafka,
            "CRYOWATCH_DATABASE_URL": self.database_url,
            "CRYOWATCH_SECRETS_DIR": str(self.folder / "secrets"),
            "CRYOWATCH_SITES_FILE": str(self.folder / "sites.toml"),
            "CRYOWATCH_CLOCK_FILE": str(self.clock_file),
            "CRYOWATCH_OPS_PORT": str(ops_port),
            "CRYOWATCH_MLLP_PORT": str(self.ports["mllp"]),
            "CRYOWATCH_FHIR_INTAKE_PORT": str(self.ports["fhir_intake"]),
            "CRYOWATCH_GATEWAY_PORT": str(self.ports["gateway"]),
            "CRYOWATCH_GATEWAY_EVIDENCE": "open",
            "CRYOWATCH_DESK_PORT": str(self.ports["desk"]),
            "CRYOWATCH_DESK_ACCESS": "open",
            "CRYOWATCH_SESSION_TIMEOUT": "6",
            **self.extra,
            **self.own.get(name, {}),
        }

    def command(self, *words: str) -> str:
        """Run the ``cryowatch`` command with the stack's settings; its output. RuntimeError when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "services.command", *words],
            env=self.environment(name="command"),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"cryowatch {' '.join(words)}: {(done.stderr or done.stdout).strip()[-2000:]}")
        return done.stdout

    def prepare(self) -> None:
        """Tables and topics."""
        self.command("migrate")
        self.command("topics", "create")

    def start(self, name: str, instance: str = "") -> Service:
        """Start one service; a second replica needs an instance name."""
        port = free_port()
        log = self.folder / "logs" / f"{instance or name}.log"
        log.parent.mkdir(exist_ok=True)
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", f"services.{name}"],
                env=self.environment(port, name),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self.services[instance or name] = Service(name, process, port, log)
        return self.services[instance or name]

    def start_all(self, names: Sequence[str] = SERVICES, patience: float = 60) -> None:
        """Start services and wait until each is ready; RuntimeError with its log's end when one isn't."""
        for name in names:
            self.start(name)
        self.wait_ready(names, patience)

    def wait_ready(self, names: Sequence[str], patience: float = 60) -> None:
        """Wait until services are ready."""
        deadline = time.monotonic() + patience
        for name in names:
            service = self.services[name]
            while not service.ready:
                ended = service.process.poll() is not None
                if ended or time.monotonic() > deadline:
                    state = f"ended with code {service.process.returncode}" if ended else "isn't ready"
                    tail = service.log.read_text("utf-8", "replace")[-2000:]
                    raise RuntimeError(f"{name} {state}; its log ends:\n{tail}")
                time.sleep(0.1)

    def kill(self, name: str) -> None:
        """Kill -9, as a crash would."""
        service = self.services[name]
        service.process.send_signal(signal.SIGKILL)
        service.process.wait(10)

    def stop(self) -> None:
        """Stop every service: SIGTERM first, SIGKILL for what stays."""
        for service in self.services.values():
            if service.process.poll() is None:
                service.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 15
        for service in self.services.values():
            try:
                service.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                service.process.kill()
                service.process.wait(10)


@contextmanager
def running(stack: Stack, names: Sequence[str] = SERVICES) -> Iterator[Stack]:
    """The stack prepared, with services up, and stopped at the end whatever happens."""
    try:
        stack.prepare()
        stack.start_all(names)
        yield stack
    finally:
        stack.stop()
