"""A run is the same bytes for the same seed, other words for another, and the same truth for every seed."""

import json
from collections import Counter

import pytest

from simulators.message import FHIR, HL7V2, TELEMETRY
from simulators.play import Message, Run, build_run


@pytest.fixture(scope="module")
def run() -> Run:
    return build_run(seed=1)


def test_the_same_seed_gives_the_same_bytes(run: Run) -> None:
    assert run.messages == build_run(seed=1).messages
    assert run.truth == build_run(seed=1).truth


def test_another_seed_gives_other_messages_and_the_same_truth(run: Run) -> None:
    other = build_run(seed=2)
    values = {message.value for message in run.messages}
    shared = sum(message.value in values for message in other.messages)
    assert shared < len(other.messages) / 10
    assert without_run(run) == without_run(other)


def test_the_dial_changes_nothing_in_the_truth(run: Run) -> None:
    assert without_run(run) == without_run(build_run(seed=1, faults=0.0)) == without_run(build_run(seed=1, faults=1.0))


def test_the_truth_holds_the_25_events_and_the_denominators(run: Run) -> None:
    assert len(run.truth["events"]) == 25
    expected = {
        "patients": 85,
        "patients_treated": 83,
        "patients_with_event": 22,
        "procedures": 89,
        "procedures_treated": 87,
        "procedures_with_event": 22,
        "lesions": 96,
        "lesions_treated": 94,
        "lesions_with_event": 25,
        "events": 25,
    }
    assert expected == run.truth["counts"]


def test_messages_arrive_in_the_order_of_simulated_time_before_the_horizon(run: Run) -> None:
    times = [message.sim_time for message in run.messages]
    assert sorted(times) == times
    assert times[-1] <= run.horizon


def test_the_horizon_is_forty_days_after_the_last_procedure(run: Run) -> None:
    last = max(procedure["end"] for procedure in run.truth["procedures"])
    assert f"{run.horizon:%Y-%m-%d}" == "2022-11-29"
    assert last[:10] == "2022-10-20"


def test_control_numbers_are_unique_for_each_sender() -> None:
    messages = [message for message in build_run(seed=3, faults=0.0).messages if message.topic == HL7V2]
    numbers = Counter(tuple(message.value.split(b"|")[index] for index in (2, 3, 9)) for message in messages)
    assert [number for number, count in numbers.items() if count > 1] == []


def test_console_frames_are_numbered_without_gaps_and_stay_in_the_volume() -> None:
    frames: dict[str, list[int]] = {}
    for message in build_run(seed=4, faults=0.0).messages:
        if message.topic == TELEMETRY:
            frame = json.loads(message.value)
            frames.setdefault(frame["accession"], []).append(frame["frame"])
    assert len(frames) == 89
    for numbers in frames.values():
        assert list(range(1, len(numbers) + 1)) == sorted(numbers)
        assert len(numbers) <= 30


def test_abandoned_procedures_were_never_frozen_and_all_others_were() -> None:
    run = build_run(seed=5, faults=0.0)
    frozen = {
        frame["accession"]
        for message in run.messages
        if message.topic == TELEMETRY and (frame := json.loads(message.value))["phase"] == "freeze"
    }
    expected = {procedure["accession"] for procedure in run.truth["procedures"] if procedure["treated"]}
    assert expected == frozen


def test_every_message_bears_the_headers_of_an_inbound_topic(run: Run) -> None:
    sources = {HL7V2: b"mllp", FHIR: b"http", TELEMETRY: b"console"}
    for message in run.messages:
        headers = dict(message.headers)
        assert sources[message.topic] == headers["cw-source"]
        assert {"cw-source", "cw-sender", "content-type"} == set(headers)


def test_no_key_holds_a_patient_number_or_an_accession(run: Run) -> None:
    named = {procedure["accession"] for procedure in run.truth["procedures"]}
    named |= {patient["mrn"] for patient in run.truth["patients"]}
    assert not named & {key_of(message) for message in run.messages}


def test_another_hospital_has_its_own_truth() -> None:
    first, second = build_run(seed=7, cohort="random"), build_run(seed=8, cohort="random")
    assert first.messages == build_run(seed=7, cohort="random").messages
    assert first.truth["site"] == "OSL"
    assert first.truth["events"] != second.truth["events"]


@pytest.mark.parametrize("wrong", [{"cohort": "none"}, {"faults": 1.5}])
def test_an_unknown_cohort_or_dial_is_refused_in_words(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"cohort|faults"):
        build_run(seed=1, **wrong)  # type: ignore[arg-type]


def without_run(run: Run) -> dict[str, object]:
    return {name: value for name, value in run.truth.items() if name != "run"}


def key_of(message: Message) -> str:
    return (message.key or b"").decode()
