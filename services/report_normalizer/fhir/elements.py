"""Safe access to the elements of a FHIR resource: whatever the JSON holds, the wrong type reads as absent."""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

from services.report_normalizer.reasons import InvalidCode, Rejected

Element = dict[str, Any]
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Coding:
    """One coding; every part may be empty."""

    system: str
    code: str
    display: str


def load(value: bytes) -> Element:
    """The JSON object, with characters that no database takes removed; Rejected when it is none."""

    def refuse(_: str) -> Any:
        raise ValueError

    try:
        data = json.loads(value.decode("utf-8-sig"), parse_constant=refuse)
    except (ValueError, RecursionError):
        raise Rejected(InvalidCode.NOT_JSON, "") from None
    if not isinstance(data, dict) or _depth(data) > DEEPEST:
        raise Rejected(InvalidCode.NOT_JSON, "")
    return data


def text(element: object, name: str) -> str:
    """A string element, trimmed and without control characters; empty when it is absent or something else."""
    value = element.get(name) if isinstance(element, dict) else None
    return _UNWANTED.sub("", value).strip() if isinstance(value, str) else ""


def child(element: object, name: str) -> Element:
    """An object element; of a list the first object; empty when it is absent."""
    return next(iter(children(element, name)), {})


def children(element: object, name: str) -> list[Element]:
    """The objects of a list element; a single object counts as a list of one."""
    value = element.get(name) if isinstance(element, dict) else None
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def codings(concept: object) -> list[Coding]:
    """The codings of a CodeableConcept, a CodeableReference's concept, or a bare Coding."""
    if not isinstance(concept, dict):
        return []
    if "concept" in concept:
        return codings(concept["concept"])
    items = children(concept, "coding") or ([concept] if "code" in concept else [])
    return [Coding(text(c, "system"), text(c, "code"), text(c, "display")) for c in items]


def concept_text(concept: object) -> str:
    """What a concept is called: its text, else the first display, else the first code."""
    if isinstance(concept, dict) and "concept" in concept:
        return concept_text(concept["concept"])
    found = codings(concept)
    named = [c.display for c in found if c.display] + [c.code for c in found if c.code]
    return text(concept, "text") or next(iter(named), "")


def extension(element: object, url: str) -> Element:
    """The first extension whose URL is, or ends with a slash and, ``url``."""
    found = extensions(element, url)
    return found[0] if found else {}


def extensions(element: object, url: str) -> list[Element]:
    """Every extension of that URL."""
    return [e for e in children(element, "extension") if text(e, "url").rsplit("/", 1)[-1] == url]


def extension_value(element: object, url: str) -> object:
    """The value[x] of an extension, None when there is none."""
    found = extension(element, url)
    return next((v for k, v in found.items() if k.startswith("value")), None)


def extension_text(element: object, url: str) -> str:
    """The value of an extension as text: a string, a code, a concept's name or code."""
    value = extension_value(element, url)
    if isinstance(value, str):
        return _UNWANTED.sub("", value).strip()
    if isinstance(value, dict):
        found = codings(value)
        return next((c.code for c in found if c.code), "") or concept_text(value)
    return ""


def attachment_text(attachment: Element) -> str | None:
    """The text of a text/plain attachment; None when it is of another type, or can't be decoded."""
    kind, _, parameters = text(attachment, "contentType").lower().partition(";")
    if kind.strip() not in ("text/plain", "text", ""):
        return None
    charset = parameters.partition("charset=")[2].strip(" \"'") or "utf-8"
    try:
        data = base64.b64decode("".join(text(attachment, "data").split()), validate=True)
        return data.decode(charset) if data else None
    except (binascii.Error, ValueError, LookupError):
        return None


def _depth(data: object) -> int:
    deepest, layer = 0, [data]
    while layer and deepest <= DEEPEST:
        deepest += 1
        inner: list[object] = []
        for value in layer:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        layer = [value for value in inner if isinstance(value, dict | list)]
    return deepest
