"""A folder holds the same messages in order, MLLP frames wait for their answer, the clock advances."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulators.__main__ import main
from simulators.intake_sink import MllpLink
from simulators.message import FHIR, HL7V2, TELEMETRY
from simulators.play import build_run, write_clock, write_folder


def test_a_folder_holds_every_message_in_the_order_of_its_number(tmp_path: Path) -> None:
    run = build_run(seed=1, faults=0.6)
    write_folder(run, tmp_path)
    for topic, name, pattern in ((HL7V2, "hl7v2", "*.hl7"), (FHIR, "fhir", "*.json")):
        expected = [message.value for message in run.messages if message.topic == topic]
        assert expected == [path.read_bytes() for path in sorted((tmp_path / name).glob(pattern))]
    frames = [line for path in (tmp_path / "telemetry").glob("*.jsonl") for line in path.read_bytes().splitlines()]
    assert sorted(message.value for message in run.messages if message.topic == TELEMETRY) == sorted(frames)


def test_the_command_writes_a_folder_and_the_truth_where_it_is_told(tmp_path: Path) -> None:
    folder, truth = tmp_path / "export", tmp_path / "truth.json"
    result = CliRunner().invoke(main, ["play", "--seed", "3", "--folder", str(folder), "--truth", str(truth)])
    assert result.exit_code == 0
    assert len(json.loads(truth.read_text("utf-8"))["events"]) == 25
    assert sorted(path.name for path in folder.iterdir()) == ["fhir", "hl7v2", "telemetry"]


@pytest.mark.parametrize(
    "arguments",
    [[], ["--folder", "x", "--kafka", "h:1"], ["--folder", "x", "--via-intake", "h:1,u"], ["--speed", "0"]],
)
def test_the_command_says_what_it_needs(arguments: list[str]) -> None:
    result = CliRunner().invoke(main, ["play", *arguments])
    assert result.exit_code == 2
    assert "--kafka" in result.output or "factor" in result.output


def test_the_clock_file_holds_an_instant_and_is_replaced_whole(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    write_clock(clock, datetime(2019, 3, 12, 9, 30, tzinfo=UTC))
    write_clock(clock, datetime(2019, 3, 12, 9, 31, tzinfo=UTC))
    assert clock.read_text("ascii") == "2019-03-12T09:31:00Z\n"
    assert [clock] == list(tmp_path.iterdir())


def test_mllp_waits_for_its_answer_and_offers_again_after_ae() -> None:
    with receiver([b"AE", b"AA"]) as (port, received):
        link = MllpLink("127.0.0.1", port)
        code = link.deliver(b"MSH|^~\\&|RIS\r")
        link.close()
    assert code == "AA"
    assert received == [b"MSH|^~\\&|RIS\r"] * 2


def test_mllp_takes_a_refusal_as_final() -> None:
    with receiver([b"AR"]) as (port, received):
        link = MllpLink("127.0.0.1", port)
        code = link.deliver(b"rubbish")
        link.close()
    assert code == "AR"
    assert received == [b"rubbish"]


@contextmanager
def receiver(answers: list[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """A listener that answers each MLLP frame with the next of the given codes."""
    received: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            buffer = b""
            for answer in answers:
                while b"\x1c\r" not in buffer:
                    buffer += connection.recv(4096)
                frame, _, buffer = buffer.partition(b"\x1c\r")
                received.append(frame.removeprefix(b"\x0b"))
                connection.sendall(b"\x0bMSH|^~\\&|CRYOWATCH\rMSA|" + answer + b"|1\r\x1c\r")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1], received
    finally:
        thread.join(timeout=10)
        server.close()
