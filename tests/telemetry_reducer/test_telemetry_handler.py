"""One telemetry message becomes the digest of a frame, or a dead letter with a code; never an exception."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.clinical.canonical import canonical, from_json
from services.clinical.procedures.frame import digest_frame
from services.contracts.registry import SCHEMAS
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Done, Identity, Ignored, Invalid
from services.runtime.sites import Sender, Site, Sites
from services.telemetry_reducer.handler import KeyedFrame, handle
from services.telemetry_reducer.reasons import EXPLANATIONS, Reason
from tests.clinical.procedures.frames import frame, instant

EXAMPLES = sorted((SCHEMAS / "examples" / "procedure-telemetry").rglob("*.json"))
SITES = Sites({"IEO": Site("IEO", "Europe/Rome"), "OSR": Site("OSR", "Europe/Rome")})


def outcome(value: bytes, sites: Sites = SITES) -> Done[KeyedFrame] | Ignored | Invalid:
    return handle(InboundMessage("procedure-telemetry", 0, 1, value), sites)


def text(value: Any) -> bytes:
    return json.dumps(value).encode()


def done(value: Any, sites: Sites = SITES) -> Done[KeyedFrame]:
    found = outcome(text(value), sites)
    assert isinstance(found, Done)
    return found


def test_a_frame_becomes_its_digest_under_its_procedure() -> None:
    sent = frame(17)
    expected = KeyedFrame("IEO", "A-100", "IS3-07", 17, digest_frame(sent))
    assert (expected,) == done(sent).results


def test_a_frame_is_identified_by_console_accession_number_and_bytes() -> None:
    sent = frame(17)
    content = hashlib.sha256(text(sent)).hexdigest()[:32]
    assert Identity("IS3-07", "A-100/17", content, "telemetry") == done(sent).identity


def test_the_same_bytes_twice_are_the_same_outcome() -> None:
    assert done(frame(3)) == done(frame(3))


def test_white_space_in_an_accession_does_not_make_another_procedure() -> None:
    assert done(frame(1) | {"accession": " A-1 00"}).results[0].accession == "A-100"


def test_a_known_console_belongs_to_the_site_that_the_hospital_gave_it() -> None:
    sites = Sites(SITES.sites, {"IS3-07": Sender("IS3-07", "OSR")})
    assert done(frame(1), sites).results[0].site == "OSR"


def test_a_frame_with_a_byte_order_mark_is_read() -> None:
    assert isinstance(outcome(b"\xef\xbb\xbf" + text(frame(1))), Done)


def test_a_whole_number_is_the_same_with_a_point() -> None:
    header = {"started": instant(1), "positions": 2}
    pointed = frame(1, header=header | {"positions": 2.0}) | {"frame": 1.0, "insertion": 1.0, "cycle": 1.0}
    found = done(pointed)
    assert (done(frame(1, header=header)).results, "A-100/1") == (found.results, found.identity.control_id)
    assert canonical(found.results) == canonical(done(frame(1, header=header)).results)


def test_fields_that_the_schema_does_not_know_are_allowed() -> None:
    assert done(frame(1) | {"firmware": {"version": "4.1"}}).results == done(frame(1)).results


def test_a_frame_of_one_phase_without_samples_is_read() -> None:
    bare = {k: v for k, v in frame(2, "done").items() if k not in ("samples", "alarms", "insertion", "cycle")}
    assert done(bare).results[0].digest.seconds == 0.0


def without(field: str) -> dict[str, Any]:
    return {k: v for k, v in frame(1).items() if k != field}


def samples(**changed: Any) -> dict[str, Any]:
    sent = frame(1)
    return sent | {"samples": sent["samples"] | changed}


BAD: list[tuple[str, bytes, Reason, str]] = [
    ("no bytes", b"", Reason.EMPTY, ""),
    ("a huge message", b" " * 262_145, Reason.TOO_LARGE, ""),
    ("no JSON", b"MSH|^~\\&|RIS", Reason.NOT_JSON, ""),
    ("other bytes", b"\xff\xfe\x00", Reason.NOT_JSON, ""),
    ("a truncated frame", text(frame(1))[:-9], Reason.NOT_JSON, ""),
    ("NaN", text(samples(step_s=float("nan"))), Reason.NOT_JSON, ""),
    ("a tower of lists", b"[" * 100_000, Reason.NOT_JSON, ""),
    ("a list", b"[]", Reason.OTHER_SCHEMA, "/schema"),
    ("another version", text(frame(1) | {"schema": "procedure-telemetry.v9"}), Reason.OTHER_SCHEMA, "/schema"),
    ("no accession", text(without("accession")), Reason.SCHEMA, "/"),
    ("a phase of its own", text(frame(1) | {"phase": "defrost"}), Reason.SCHEMA, "/phase"),
    ("a word for a number", text(samples(tip_c=["cold"])), Reason.SCHEMA, "/samples/tip_c/0"),
    ("a truth for a number", text(samples(tip_c=[True])), Reason.SCHEMA, "/samples/tip_c/0"),
    ("a time without a zone", text(samples(started="2024-03-05T09:00:00")), Reason.SCHEMA, "/samples/started"),
    ("a deep field", text(frame(1) | {"frame": json.loads("[" * 400 + "]" * 400)}), Reason.SCHEMA, "/"),
    ("half a character", text(frame(1) | {"console": "\ud800"}), Reason.NAME, "/console"),
    ("a blank accession", text(frame(1) | {"accession": "  "}), Reason.NAME, "/accession"),
    ("a zero character", text(frame(1) | {"console": "IS3\x00"}), Reason.NAME, "/console"),
    ("a line in a code", text(frame(1, alarms=({"code": "A\nB", "at": instant(1)},))), Reason.NAME, "/alarms/0/code"),
    ("a frame too many", text(frame(1) | {"frame": 100_001}), Reason.NUMBER, "/frame"),
    ("a frame out of this world", text(frame(1) | {"frame": 10**300}), Reason.NUMBER, "/frame"),
    ("a time before consoles", text(samples(started="0001-01-01T00:00:00+14:00")), Reason.TIME, "/samples/started"),
    ("the end of time", text(frame(1) | {"sent": "9999-12-31T23:59:59-14:00"}), Reason.TIME, "/sent"),
    ("an hour in one frame", text(samples(step_s=60.0, tip_c=[-150.0] * 60)), Reason.TOO_LONG, "/samples"),
]


@pytest.mark.parametrize(("value", "code", "where"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_what_cannot_be_read_is_a_dead_letter_with_code_and_place(value: bytes, code: Reason, where: str) -> None:
    assert Invalid(code, where) == outcome(value)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_example_of_the_schema_comes_out_as_its_folder_says(path: Path) -> None:
    expected = Done if path.parent.name == "valid" else Invalid
    assert isinstance(outcome(path.read_bytes()), expected)


def test_every_code_has_a_case_and_an_explanation() -> None:
    assert set(Reason) == {case[2] for case in BAD} == set(EXPLANATIONS)
    assert all(words.endswith(".") for words in EXPLANATIONS.values())


def test_no_place_repeats_what_the_message_says() -> None:
    sent = frame(1) | {"accession": "SECRET-1", "phase": "SECRET-2", "SECRET-3": 1}
    found = outcome(text(sent))
    assert isinstance(found, Invalid)
    assert "SECRET" not in f"{found.code} {found.where}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
PLACES: list[Callable[[Any], dict[str, Any]]] = [
    lambda value: frame(1) | {"samples": value},
    lambda value: frame(1) | {"header": value},
    lambda value: frame(1) | {"alarms": [{"code": value, "at": instant(1)}]},
    lambda value: frame(1) | {"alarms": [{"code": "X", "at": value}]},
    lambda value: frame(1) | {"console": value},
    lambda value: frame(1) | {"frame": value, "insertion": value},
    lambda value: samples(tip_c=value, step_s=value),
    lambda value: samples(tip_c=[value]),
    lambda value: samples(systolic_mmhg=[value], diastolic_mmhg=[value, value]),
    lambda value: samples(started=value),
]


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_any_bytes_have_an_outcome(value: bytes) -> None:
    assert isinstance(outcome(value), Invalid)


@settings(deadline=None)
@given(st.sampled_from(PLACES), JSON)
def test_any_value_in_any_place_has_an_outcome_that_can_be_stored(
    place: Callable[[Any], dict[str, Any]], value: Any
) -> None:
    found = outcome(text(place(value)))
    if isinstance(found, Done):
        stored = canonical(found.results[0])
        assert "\\u0000" not in stored
        assert found.results[0] == from_json(KeyedFrame, json.loads(stored.encode()))
