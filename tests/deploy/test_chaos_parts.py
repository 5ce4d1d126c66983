"""The parts of the chaos harness: its schedule repeats, its weather does what it says, its mutations fit the tree."""

import json
import shutil
import socket
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.chaos.faults import DEEDS
from deploy.chaos.guards import MUTATIONS
from deploy.chaos.load import skewed
from deploy.chaos.mutations import apply
from deploy.chaos.report import markdown
from deploy.chaos.schedule import GUARDED, KINDS, PROCESSORS, lines, schedule
from deploy.chaos.verdict import _compare
from deploy.chaos.weather import Weather
from deploy.local.broker import free_ports
from deploy.local.stack import ROOT
from simulators.message import telemetry_message


def test_a_seed_decides_the_schedule() -> None:
    assert lines(schedule(3, 40)) == lines(schedule(3, 40))
    assert lines(schedule(3, 40)) != lines(schedule(4, 40))
    assert 40 == sum(len(storm) for storm in schedule(3, 40))
    first = "storm   1,  0.2 s  slow_network for 5.4 s"
    assert first == lines(schedule(1463, 12))[0]  # whatever the process and its hashes


def test_every_kind_has_its_deeds_and_strikes_in_a_long_run() -> None:
    assert set(KINDS) == set(DEEDS)
    struck = Counter(fault.kind for storm in schedule(1, 200) for fault in storm)
    assert set(KINDS) == set(struck)
    assert all(struck[kind] >= 3 for kind in KINDS)


def test_a_short_run_deals_what_the_guards_stand_against_first() -> None:
    for seed in range(20):
        first = [fault.kind for storm in schedule(seed, 20)[: len(GUARDED)] for fault in storm]
        assert set(GUARDED) <= set(first)


def test_no_service_is_struck_twice_in_a_storm() -> None:
    for storm in schedule(5, 300):
        targets = [fault.target for fault in storm if fault.target in PROCESSORS]
        assert len(targets) == len(set(targets))


def test_an_unknown_kind_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="no such fault: earthquake; choose among broker_stop"):
        schedule(1, 5, ["earthquake"])


@pytest.fixture
def echo() -> int:
    """A server that sends back what it gets."""
    (port,) = free_ports(1)
    server = socket.create_server(("127.0.0.1", port))

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(1000):
                    connection.sendall(data)
            except OSError:
                pass

    def accept() -> None:
        while True:
            threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return port


def test_weather_delays_stalls_cuts_and_refuses(echo: int) -> None:
    with Weather(echo) as weather, socket.create_connection(("127.0.0.1", weather.port), 5) as client:

        def said(word: bytes) -> float:
            started = time.monotonic()
            client.sendall(word)
            assert word == client.recv(1000)
            return time.monotonic() - started

        assert said(b"fair") < 0.2
        weather.delay = 0.15
        assert said(b"slow") >= 0.3
        weather.flow()
        weather.stall()
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            said(b"held")
        weather.flow()
        client.settimeout(5)
        assert b"held" == client.recv(1000)
        weather.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(1000)
        weather.shut()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", weather.port), 1)
        weather.open()
        with socket.create_connection(("127.0.0.1", weather.port), 1) as again:
            again.sendall(b"back")
            assert b"back" == again.recv(1000)


def test_a_skewed_console_says_another_time_and_nothing_else() -> None:
    frame = {"frame": 3, "sent": "2021-03-01T09:00:00Z", "samples": {"started": "2021-03-01T08:59:00Z", "tip_c": [1.5]}}
    message = telemetry_message("C1", "k", json.dumps(frame).encode(), datetime(2021, 3, 1, 9, tzinfo=UTC))
    moved = skewed(message, timedelta(hours=-26))
    assert {
        "frame": 3,
        "sent": "2021-02-28T07:00:00Z",
        "samples": {"started": "2021-02-28T06:59:00Z", "tip_c": [1.5]},
    } == json.loads(moved.value)
    assert message.sim_time == moved.sim_time
    assert message == skewed(message, timedelta(0))


def test_a_difference_is_told_as_lost_and_doubled() -> None:
    (found,) = _compare("rows", Counter("aab"), Counter("abbbc"))
    assert "rows: 1 lost, 3 too many" == str(found)
    assert [] == _compare("rows", Counter("ab"), Counter("ba"))


def test_every_mutation_still_finds_its_guard(tmp_path: Path) -> None:
    for mutation in MUTATIONS:
        tree = tmp_path / mutation.name
        for file in {edit[0] for edit in mutation.edits}:
            (tree / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, tree / file)
        apply(mutation, tree)
        for file in {edit[0] for edit in mutation.edits}:
            compile((tree / file).read_text(), file, "exec")


def test_the_fault_table_counts_what_struck() -> None:
    storm = {
        "faults": [["kill", "intake", 0.1, 1.0], ["broker_kill", "", 0.2, 2.0]],
        "last_lifted": "broker_kill",
        "recovery": 4.5,
        "lost": 0,
        "doubled": 2,
    }
    topics = {"hl7v2-inbound": 1, "fhir-inbound": 2, "procedure-telemetry": 3}
    run = {"seed": 9, "storms": [storm, storm], "records": topics, "seconds": 90, "full_disks_met": 1, "exact": False}
    text = markdown([run])
    assert "| broker_kill | 2 | 0 | 4 | 4.5 s | 4.5 s |" in text
    assert "| kill | 2 | 0 | 4 | <= 5.6 s | <= 5.6 s |" in text
    assert "| 9 | 4 | 2 | 6 | 1 | 1.5 | differs |" in text
