"""Every topic, schema and example of schemas/, walked."""

import json
from pathlib import Path

import pytest
import yaml

from services.contracts import asyncapi
from services.contracts.codec import validator
from services.contracts.registry import SCHEMAS, Topic, topic, topics

SERVICES = Path(__file__).parents[2] / "services"
DAY_MS = 86_400_000


@pytest.mark.parametrize("one", topics(), ids=lambda t: t.name)
def test_a_topic_is_described_owned_kept_and_dead_lettered(one: Topic) -> None:
    assert one.description.endswith(".")
    assert one.owner in one.producers or one.owner in one.consumers
    for name in {*one.producers, *one.consumers, one.owner} - {"console gateway"}:
        assert (SERVICES / name).is_dir(), name
    kept = (400 * DAY_MS,) if one.name == "audit-events" else (14 * DAY_MS, 90 * DAY_MS)
    assert one.compacted or int(one.config["retention.ms"]) in kept
    if one.consumers:
        assert topic(str(one.dead_letters)).name == "dead-letters"
    if one.schema:
        assert (SCHEMAS / "messages" / f"{one.schema}.schema.json").exists()
        assert one.schema == f"{one.name}.v{one.version}"


def test_a_dead_letter_has_room_for_the_largest_message_in_base64() -> None:
    largest = max(int(t.config["max.message.bytes"]) for t in topics() if t.dead_letters)
    assert int(topic("dead-letters").config["max.message.bytes"]) > largest * 4 / 3


def test_no_schema_is_an_orphan() -> None:
    declared = {f"{t.schema}.schema.json" for t in topics() if t.schema}
    assert declared == {path.name for path in (SCHEMAS / "messages").glob("*.json")}


def test_no_example_is_an_orphan() -> None:
    known = {t.name for t in topics()}
    assert {path.name for path in (SCHEMAS / "examples").iterdir()} <= known


def test_every_field_is_described() -> None:
    def walk(node: object, path: str) -> list[str]:
        bad = []
        if isinstance(node, dict):
            for name, field in node.get("properties", {}).items():
                described = isinstance(field, dict) and ({"description", "$ref", "const"} & set(field))
                bad += [] if described or field is True else [f"{path}/{name}"]
            for key, value in node.items():
                bad += walk(value, f"{path}/{key}")
        elif isinstance(node, list):
            for number, value in enumerate(node):
                bad += walk(value, f"{path}/{number}")
        return bad

    for path in (SCHEMAS / "messages").glob("*.json"):
        assert walk(json.loads(path.read_text("utf-8")), path.name) == []


def _json_examples(kind: str) -> list[tuple[str, Path]]:
    found = []
    for one in topics():
        if one.schema:
            folder = SCHEMAS / "examples" / one.name / str(one.version) / kind
            found += [(one.schema, path) for path in sorted(folder.glob("*.json"))]
    return found


@pytest.mark.parametrize(("schema", "path"), _json_examples("valid"), ids=lambda v: getattr(v, "name", v))
def test_a_valid_example_fits_its_schema(schema: str, path: Path) -> None:
    assert validator(schema)(json.loads(path.read_text("utf-8"))) == []


def test_the_asyncapi_document_says_what_the_topics_say() -> None:
    committed = yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text("utf-8"))
    assert asyncapi.document() == committed, "run: cryowatch topics asyncapi > schemas/asyncapi.yaml"


def test_a_problem_names_the_place_and_the_rule_and_never_the_value() -> None:
    (problem,) = validator("dead-letters.v1")(
        {
            "schema": "dead-letters.v1", "topic": "t", "partition": 0, "offset": -1, "service": "s", "code": "c",
            "where": "", "key_base64": None, "value_base64": "", "headers": {},
        }
    )  # fmt: skip
    assert (problem.where, problem.rule) == ("/offset", "minimum")


@pytest.mark.parametrize("one", topics(), ids=lambda t: t.name)
def test_a_topic_has_examples_of_both_kinds(one: Topic) -> None:
    for kind in ("valid", "invalid"):
        folder = SCHEMAS / "examples" / one.name / str(one.version) / kind
        assert list(folder.iterdir()), folder


OURS = [(schema, path) for schema, path in _json_examples("invalid") if not schema.startswith("fhir-inbound")]


@pytest.mark.parametrize(("schema", "path"), OURS, ids=lambda v: getattr(v, "name", v))
def test_an_invalid_example_of_what_we_write_is_refused_by_its_schema(schema: str, path: Path) -> None:
    raw = path.read_bytes()
    try:
        value = json.loads(raw)
    except ValueError:
        return
    assert validator(schema)(value), path.name
