"""The rights that the topics ask for, no more: whoever writes may not read, and nobody may delete."""

from services.contracts.registry import topics
from services.runtime.acls import Grant, command_of, grants


def test_each_right_is_one_that_a_topic_declares() -> None:
    declared = {(f"User:cryowatch-{s}", t.name, "WRITE") for t in topics() for s in t.producers}
    declared |= {(f"User:cryowatch-{s}", t.name, "READ") for t in topics() for s in t.consumers}
    found = grants(topics())
    given = {(g.principal.replace("console_gateway", "console gateway"), g.name, g.operation) for g in found
             if g.resource == "TOPIC" and g.principal != "User:cryowatch-topics"}  # fmt: skip
    assert declared == given
    assert {g.operation for g in found} == {"WRITE", "READ", "CREATE", "DESCRIBE"}
    assert Grant("User:cryowatch-intake", "TOPIC", "clinical-facts", "READ") not in found


def test_each_consumer_has_its_own_group_and_no_other() -> None:
    readers = {s for t in topics() for s in t.consumers}
    groups = {(g.principal, g.name, g.operation) for g in grants(topics()) if g.resource == "GROUP"}
    assert {(f"User:cryowatch-{s}", f"cryowatch-{s}", "READ") for s in readers} == groups


def test_principals_can_be_certificates() -> None:
    found = grants(topics(), "User:CN={service},O=Hospital")
    assert "User:CN=intake,O=Hospital" in {g.principal for g in found}


def test_a_right_in_the_words_of_kafkas_tool() -> None:
    line = command_of(Grant("User:cryowatch-intake", "TOPIC", "hl7v2-inbound", "WRITE"))
    assert line.endswith("--allow-principal 'User:cryowatch-intake' --operation Write --topic hl7v2-inbound")
