"""A short run of the fuzzer; ``make fuzz`` is the long one."""

import pytest

from simulators.message import FHIR, HL7V2, TELEMETRY
from tests.fuzz.hospital import all_seeds, pipeline
from tests.fuzz.mutant import mutant, mutants
from tests.fuzz.pure_run import Finding, Tally, run
from tests.fuzz.shrink import shrink

COUNT = 600


@pytest.fixture(scope="module")
def tally() -> Tally:
    return run(pipeline(), all_seeds(), seed=20240305, count=COUNT)


def test_no_promise_is_broken_and_every_input_is_accounted_for(tally: Tally) -> None:
    assert tally.problems() == []
    assert tally.inputs == COUNT


def test_mutants_get_through_and_are_refused_on_every_topic(tally: Tally) -> None:
    found = {(topic, outcome) for topic, outcome, _ in tally.outcomes}
    expected = {(topic, outcome) for topic in (HL7V2, FHIR) for outcome in ("done", "ignored", "dead_letter")}
    assert found >= expected | {(TELEMETRY, "done"), (TELEMETRY, "dead_letter")}
    codes = {code for _, _, code in tally.outcomes}
    assert len(codes) >= 20, "a fuzzer that always fails at the same check tries nothing behind it"


def test_a_mutant_is_made_again_from_its_number() -> None:
    seeds = all_seeds()
    assert list(mutants(seeds, 3, 5, first=40)) == [mutant(seeds, 3, number) for number in range(40, 45)]


def test_a_finding_is_noticed() -> None:
    class Faulty:
        def outcome(self, _: object) -> tuple[str, str]:
            raise KeyError("PID")

    found = run(Faulty(), all_seeds(), seed=1, count=1)  # type: ignore[arg-type]
    assert [type(f) for f in found.findings] == [Finding]
    assert found.problems()[0].startswith("mutant 0: KeyError at ")


def test_shrinking_leaves_what_breaks() -> None:
    assert shrink(b"a" * 500 + b"\x00" + b"b" * 300 + b"\xff", lambda v: b"\x00" in v and b"\xff" in v) == b"\x00\xff"
