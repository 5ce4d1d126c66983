"""The service as a process: it starts, says that it is ready, serves, and ends when it is told to."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from deploy.local.stack import free_port
from tests.builders import procedure, report
from tests.fhir_gateway.conftest import World

ROOT = Path(__file__).parents[2]


def started(url: str, port: int, ops_port: int) -> "subprocess.Popen[str]":
    known = {k: v for k, v in os.environ.items() if not k.startswith("CRYOWATCH_")}
    settings = {"DATABASE_URL": url, "GATEWAY_PORT": str(port), "OPS_PORT": str(ops_port), "GATEWAY_EVIDENCE": "open"}
    return subprocess.Popen(
        [sys.executable, "-m", "services.fhir_gateway"],
        env=known | {f"CRYOWATCH_{name}": value for name, value in settings.items()},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def status(url: str) -> int:
    try:
        return httpx.get(url, timeout=5).status_code
    except httpx.HTTPError:
        return 0


def test_it_starts_serves_and_ends_in_order_and_its_log_names_nobody(world: World) -> None:
    world.enter(procedure(patient="MRN-4711"), report("FINDINGS: Small left pleural effusion.", patient="MRN-4711"))
    port, ops_port = free_port(), free_port()
    process = started(str(world.engine.url.render_as_string(hide_password=False)), port, ops_port)
    try:
        until(lambda: status(f"http://127.0.0.1:{ops_port}/readyz") == 200, "it never is ready")
        search = f"http://127.0.0.1:{port}/r4/AdverseEvent?subject:identifier=MRN-4711"
        assert httpx.get(search, timeout=30).json()["total"] == 1
        assert status(f"http://127.0.0.1:{port}/r4/AdverseEvent?date=MRN-4711") == 400
        counted = httpx.get(f"http://127.0.0.1:{ops_port}/metrics", timeout=30).text
        assert 'cryo_gateway_requests_total{interaction="search",release="r4",status="200"} 1.0' in counted
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    said: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
    assert [line["event"] for line in said if line["event"].startswith("service")] == [
        "service_starts",
        "service_stopped",
    ]
    assert "MRN-4711" not in out + err + counted


def test_an_address_in_use_stops_it_by_name(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = started(str(world.engine.url), taken.getsockname()[1], 0)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 78
    assert "CRYOWATCH_GATEWAY_PORT" in err


def test_it_waits_for_a_database_that_is_not_there() -> None:
    port, ops_port = free_port(), free_port()
    process = started(f"postgresql+psycopg://postgres@127.0.0.1:{free_port()}/none", port, ops_port)
    try:
        until(lambda: status(f"http://127.0.0.1:{ops_port}/livez") == 200, "it never lives")
        assert status(f"http://127.0.0.1:{ops_port}/readyz") == 503
        assert status(f"http://127.0.0.1:{port}/r4/metadata") == 200
        assert status(f"http://127.0.0.1:{port}/r4/AdverseEvent") == 503
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
