"""Whether a value fits a message schema. A problem names the place and the rule, never the value."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import jsonschema_rs

from services.contracts.registry import SCHEMAS


@dataclass(frozen=True, slots=True)
class Problem:
    """What doesn't fit: ``where`` is a JSON pointer, ``rule`` the schema keyword that was broken."""

    where: str
    rule: str


@cache
def validator(schema: str) -> Callable[[object], list[Problem]]:
    """The check for one schema, such as ``clinical-facts.v1``; it returns every problem, none when the value fits."""
    text = (SCHEMAS / "messages" / f"{schema}.schema.json").read_text("utf-8")
    compiled = jsonschema_rs.Draft202012Validator(json.loads(text), validate_formats=True)

    def check(value: object) -> list[Problem]:
        try:
            if compiled.is_valid(value):
                return []
            errors = list(compiled.iter_errors(value))
        except ValueError:  # nested deeper than any message, or text that no UTF-8 can hold
            return [Problem("/", "unreadable")]
        found = []
        for error in errors:
            where = "/" + "/".join(str(part) for part in error.instance_path)
            rule = str(error.schema_path[-1]) if error.schema_path else ""
            found.append(Problem(where, rule))
        return sorted(found, key=lambda p: (p.where, p.rule))

    return check
