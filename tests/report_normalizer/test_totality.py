"""No input raises: whatever comes in, a message is done, ignored with a code, or a dead letter with a code."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.clinical.canonical import canonical
from services.clinical.facts import Fact, fact_from_json, fact_json
from services.contracts.codec import validator
from services.contracts.registry import SCHEMAS
from services.report_normalizer.reasons import EXPLANATIONS
from services.runtime.outcomes import Done, Ignored, Invalid
from services.runtime.sites import Sites
from tests.report_normalizer.messages import SITES, raw

ROOT = SCHEMAS / "examples"
HL7 = [path.read_bytes() for path in sorted(ROOT.glob("hl7v2-inbound/1/*/*.hl7"))]
FHIR = [path.read_bytes() for path in sorted(ROOT.glob("fhir-inbound/1/*/*.json"))]
RESOURCES = [json.loads(path.read_text("utf-8")) for path in sorted(ROOT.glob("fhir-inbound/1/valid/*.json"))]
TOPICS = st.sampled_from(["hl7v2-inbound", "fhir-inbound", "elsewhere"])
TRIED = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(outcome: Done[Fact] | Ignored | Invalid) -> None:
    """An outcome that the ledger, the topic and the database can hold."""
    if outcome.identity is not None:
        for text in (outcome.identity.sender, outcome.identity.control_id, outcome.identity.type):
            assert len(text) <= 200
            assert "\x00" not in text
            text.encode()
    if not isinstance(outcome, Done):
        assert outcome.code in EXPLANATIONS
        return
    assert outcome.results
    assert set(outcome.warnings) <= set(EXPLANATIONS)
    for fact in outcome.results:
        text = canonical(fact_json(fact))
        assert "\\u0000" not in text
        carried = json.loads(text.encode())
        assert validator("clinical-facts.v1")(carried) == []
        assert fact == fact_from_json(carried)


@TRIED
@given(TOPICS, st.binary(max_size=400))
def test_any_bytes(topic: str, value: bytes) -> None:
    check(raw(value, topic))


@TRIED
@given(
    TOPICS,
    st.sampled_from([b"MSH|^~\\&|", b"BHS|^~\\&|", b'{"resourceType":"Bundle",', b"\xef\xbb\xbfMSH|"]),
    st.binary(),
)
def test_any_bytes_behind_a_good_beginning(topic: str, start: bytes, rest: bytes) -> None:
    check(raw(start + rest, topic))


@st.composite
def mutated(draw: st.DrawFn, originals: list[bytes]) -> bytes:
    """An example with pieces cut out, doubled, exchanged or overwritten."""
    value = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(value)))
        end = min(len(value), start + draw(st.integers(0, 40)))
        piece = draw(
            st.one_of(
                st.just(b""),
                st.binary(max_size=12),
                st.just(value[start:end] * 2),
                st.sampled_from(
                    [b"|", b"^", b"~", b"&", b"\\", b"\r", b"\n", b"\x00", b'""', b"9" * 300, "é".encode()]
                ),
                st.sampled_from([b"|" * 30, b"^" * 20, b"PID|1||", b"\rOBX|1|TX|", b"\rMSH|", b"0000", b"-1", b"Inf"]),
            )
        )
        value = value[:start] + piece + value[end:]
    return value


@TRIED
@given(mutated(HL7), st.sampled_from([SITES, Sites()]))
def test_any_mutation_of_an_hl7_message(value: bytes, sites: Sites) -> None:
    check(raw(value, sites=sites))


@TRIED
@given(mutated(FHIR))
def test_any_mutation_of_a_fhir_text(value: bytes) -> None:
    check(raw(value, "fhir-inbound"))


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.text(min_size=129, max_size=140),
    st.just("2021-03-28T02:30:00"), st.just("2021-10-31"), st.just("\ud800\x00"), st.just("#p"),
)  # fmt: skip
STRANGE = st.recursive(
    LEAVES, lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=8), x, max_size=3), max_leaves=6
)


@st.composite
def altered(draw: st.DrawFn) -> Any:
    """A resource in which some elements hold anything at all."""
    resource = json.loads(json.dumps(draw(st.sampled_from(RESOURCES))))
    for _ in range(draw(st.integers(1, 3))):
        node = resource
        while isinstance(node, dict | list) and node:
            key: Any = draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
            if draw(st.booleans()) or not isinstance(node[key], dict | list) or not node[key]:
                node[key] = draw(STRANGE)
                break
            node = node[key]
    return resource


@TRIED
@given(altered())
def test_any_value_in_any_element_of_a_resource(resource: Any) -> None:
    check(raw(json.dumps(resource).encode(), "fhir-inbound"))


@pytest.mark.parametrize("field", [3, 4, 9, 10, 18])
def test_a_header_field_of_any_length_fits_the_ledger(field: int) -> None:
    for value in HL7:
        lines = value.split(b"\r")
        fields = lines[0].split(b"|")
        if len(fields) > 9:
            fields += [b""] * (18 - len(fields))
            fields[field - 1] = b"A^" * 3000
            check(raw(b"\r".join([b"|".join(fields), *lines[1:]])))


def test_a_report_of_a_megabyte_is_read() -> None:
    value = (ROOT / "hl7v2-inbound/1/valid/ct-report-final.hl7").read_bytes()
    outcome = raw(value.replace(b"No pneumothorax.", b"No pneumothorax. " * 60_000))
    assert isinstance(outcome, Done)
    assert len(outcome.results[0].statement.text) > 1_000_000


def test_a_message_of_escapes_and_separators_only_is_read_in_time() -> None:
    for filler in (b"\\", b"~", b"^", b"&", b"|", b"\r", b"\n", b"\\.br\\", b"\\X41", b" ", b"\rOBX|1"):
        value = HL7[0].split(b"\r")[0] + b"\rOBR|1\rOBX|1|TX|C||" + filler * 200_000
        check(raw(value.replace(b"ADT^A01", b"ORU^R01")))
