"""Faults repeat, delay and garble messages and issue wrong reports, and the truth survives all of it."""

import json
from collections import Counter
from itertools import pairwise

import pytest

from simulators.faults import with_faults
from simulators.message import FHIR, HL7V2, TELEMETRY, Message
from simulators.play import Run, build_run

WITHDRAWN = ("X", "W", "D", "cancelled", "entered-in-error")


@pytest.fixture(scope="module", params=[11, 12, 13])
def noisy(request: pytest.FixtureRequest) -> Run:
    return build_run(seed=request.param, faults=1.0)


def readable(message: Message) -> bool:
    """Whether a message has what every one of its kind has: a whole header, or an object with a known phase or type."""
    if message.topic == HL7V2:
        return message.value.startswith(b"MSH|^~\\&|") and message.value.count(b"|") > 10
    try:
        content = json.loads(message.value)
    except ValueError:
        return False
    if not isinstance(content, dict):
        return False
    return not content["phase"].startswith("?") if message.topic == TELEMETRY else "resourceType" in content


def test_without_faults_every_message_is_readable_and_none_repeats() -> None:
    messages = build_run(seed=1, faults=0.0).messages
    assert all(readable(message) for message in messages)
    assert len(messages) == len({message.value for message in messages})


def test_every_garbled_message_is_followed_by_a_good_one(noisy: Run) -> None:
    messages = noisy.messages
    garbled = [place for place, message in enumerate(messages) if not readable(message)]
    assert noisy.truth["run"]["garbled"] == len(garbled) > 0
    for place in garbled:
        bad = messages[place]
        later = (each for each in messages[place:] if each.key == bad.key and each.topic == bad.topic)
        assert any(readable(each) for each in later)


def test_faults_lose_nothing() -> None:
    clean = build_run(seed=21, faults=0.0)
    arrived, count = with_faults(clean.messages, 21, 1.0, clean.horizon)
    assert {message.value for message in clean.messages} <= {message.value for message in arrived}
    assert len(clean.messages) + count.repeated + count.garbled == len(arrived)
    assert min(count.repeated, count.garbled, count.delayed) > 0


def test_faults_shuffle_the_order_and_never_pass_the_horizon(noisy: Run) -> None:
    assert all(message.sim_time <= noisy.horizon for message in noisy.messages)
    frames = [json.loads(m.value)["frame"] for m in noisy.messages if m.topic == TELEMETRY and readable(m)]
    assert any(later < earlier for earlier, later in pairwise(frames))


def test_repeats_are_exact(noisy: Run) -> None:
    counts = Counter((message.topic, message.value) for message in noisy.messages if readable(message))
    assert noisy.truth["run"]["repeated"] <= sum(count - 1 for count in counts.values())


def test_reports_are_drafted_corrected_and_withdrawn(noisy: Run) -> None:
    statuses = Counter(status for versions in versions_by_report(noisy).values() for _, status in versions)
    assert {"P", "C", "X", "W"} <= set(statuses)
    assert {"preliminary", "corrected"} <= set(statuses)


def test_the_last_version_of_every_real_report_stands(noisy: Run) -> None:
    for filler, versions in versions_by_report(noisy).items():
        if not filler.endswith("9") or len(filler) < 12:
            assert max(versions)[1] not in WITHDRAWN, filler


def test_every_stray_report_ends_withdrawn(noisy: Run) -> None:
    strays = {
        name: versions for name, versions in versions_by_report(noisy).items() if len(name) == 12 and name[-1] == "9"
    }
    assert strays
    assert all(max(versions)[1] in WITHDRAWN for versions in strays.values())


def versions_by_report(run: Run) -> dict[str, list[tuple[str, str]]]:
    """(when issued, status) of every version of every CT report of the cohort, by report number."""
    found: dict[str, list[tuple[str, str]]] = {}
    for message in run.messages:
        if not readable(message) or message.topic == TELEMETRY:
            continue
        if message.topic == FHIR:
            version = fhir_version(json.loads(message.value))
        else:
            version = hl7v2_version(message.value.decode("latin-1"))
        if version and version[0].startswith("CT") and not version[0].startswith("CTX"):
            found.setdefault(version[0], []).append(version[1:])
    return found


def fhir_version(content: dict[str, object]) -> tuple[str, str, str] | None:
    entries = content.get("entry", [{"resource": content}])
    assert isinstance(entries, list)
    for resource in (entry["resource"] for entry in entries):
        if resource["resourceType"] == "DiagnosticReport":
            issued = "".join(each for each in resource["issued"][:19] if each.isdigit())
            return resource["identifier"][0]["value"], issued, resource["status"]
    return None


def hl7v2_version(text: str) -> tuple[str, str, str] | None:
    segments = [line.split("|") for line in text.replace("\n", "\r").split("\r") if line]
    orders = [segment for segment in segments if segment[0] == "OBR"]
    if not orders:
        return None
    order = orders[0] + [""] * 30
    lines = {segment[11] for segment in segments if segment[0] == "OBX" and len(segment) > 11}
    status = "W" if "W" in lines else "X" if segments[0][8].startswith("MDM^T11") else order[25]
    return order[3], (order[22] or segments[0][6])[:14], status
