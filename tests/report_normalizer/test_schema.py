"""The schema of clinical-facts says exactly what the facts hold."""

import dataclasses
import json

import pytest

from services.clinical import facts, statements
from services.clinical.moments import Moment
from services.contracts.codec import validator
from services.contracts.registry import SCHEMAS

SCHEMA = json.loads((SCHEMAS / "messages/clinical-facts.v1.schema.json").read_text("utf-8"))
DEFINED = {
    "Moment": Moment,
    "Lesion": statements.Lesion,
    "CodedResult": statements.CodedResult,
    "Cycle": statements.Cycle,
    "Excursion": statements.Excursion,
    "Alarm": statements.Alarm,
} | {cls.__name__: cls for cls in facts.STATEMENTS.values()}
INVALID = sorted((SCHEMAS / "examples/clinical-facts/1/invalid").glob("*.json"))


@pytest.mark.parametrize("name", DEFINED)
def test_a_definition_has_the_fields_of_its_class(name: str) -> None:
    expected = {field.name for field in dataclasses.fields(DEFINED[name])}
    assert expected == set(SCHEMA["$defs"][name]["properties"])


def test_every_kind_and_standing_is_listed() -> None:
    assert [kind.value for kind in facts.FactKind] == SCHEMA["properties"]["kind"]["enum"]
    assert [standing.value for standing in facts.Standing] == SCHEMA["properties"]["standing"]["enum"]


def test_every_kind_has_its_statement() -> None:
    links = {
        c["if"]["properties"]["kind"]["const"]: c["then"]["properties"]["statement"]["$ref"] for c in SCHEMA["allOf"]
    }
    assert {k.value: f"#/$defs/{cls.__name__}" for k, cls in facts.STATEMENTS.items()} == links


def test_every_definition_is_described() -> None:
    for definition in SCHEMA["$defs"].values():
        assert definition["description"]


def test_every_kind_has_a_valid_example() -> None:
    folder = SCHEMAS / "examples/clinical-facts/1/valid"
    examples = [json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")]
    assert {kind.value for kind in facts.FactKind} == {example["kind"] for example in examples}
    for example in examples:
        assert example["id"] == facts.fact_from_json(example).id


@pytest.mark.parametrize("path", INVALID, ids=lambda p: p.stem)
def test_an_invalid_example_breaks_the_schema(path: object) -> None:
    assert validator("clinical-facts.v1")(json.loads(path.read_text("utf-8")))
