"""The table of codes: every code names a finding that has a compartment, and is said as our FHIR says it."""

import tomllib
from importlib.resources import files

from services.clinical.events.coded import codes
from services.clinical.events.compartments import compartments

GATEWAY = tomllib.loads(files("services.fhir_gateway").joinpath("codes.toml").read_text("utf-8"))


def test_every_code_names_a_finding_of_ours() -> None:
    assert {finding for finding, _ in codes().values()} <= set(compartments().findings)


def test_a_code_that_the_gateway_sends_for_one_event_comes_back_as_that_event() -> None:
    systems = GATEWAY["systems"]
    sent: dict[tuple[str, str], set[str]] = {}
    for event, row in GATEWAY["event"].items():
        for system, code, *_ in row["codings"]:
            sent.setdefault((systems[system], code), set()).add(event)
    read = {pair: finding for pair, (finding, _) in codes().items()}
    for pair, events in sent.items():
        if pair in read and len(events) == 1:
            assert {read[pair]} == events
