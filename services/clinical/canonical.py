"""Facts and published objects to canonical JSON and back.

Canonical: keys sorted, no spaces, times in UTC, nothing that was not said (None and empty tuples are left out). Two
objects are equal exactly when their canonical text is, which is what "byte for byte" means in CryoWatch.
"""

import dataclasses
import hashlib
import json
import types
import typing
from datetime import date, datetime
from enum import Enum
from functools import cache

from services.clinical.moments import iso, parse_iso

Json = dict[str, typing.Any]


def to_json(value: typing.Any) -> typing.Any:
    """A frozen dataclass, enum, time or container as plain JSON values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
        return {name: to_json(v) for name, v in pairs if v is not None and v != ()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {str(k): to_json(v) for k, v in value.items()}
    return value


def canonical(value: typing.Any) -> str:
    """The one JSON text of a value."""
    return json.dumps(to_json(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: typing.Any) -> str:
    """32 hexadecimal digits that stand for the canonical text."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:32]


@cache
def _hints(cls: type) -> dict[str, typing.Any]:
    return typing.get_type_hints(cls)


@cache
def _unsaid(cls: type) -> Json:
    """What :func:`to_json` leaves out, for the fields that have no default: None and empty tuples."""
    found: Json = {}
    for field in dataclasses.fields(cls):
        hint = _hints(cls)[field.name]
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            if types.NoneType in typing.get_args(hint):
                found[field.name] = None
            elif typing.get_origin(hint) is tuple:
                found[field.name] = ()
    return found


def from_json(kind: typing.Any, value: typing.Any) -> typing.Any:
    """The reverse of :func:`to_json`, by the type hints of ``kind``. ValueError or KeyError on what doesn't fit."""
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        return from_json(next(a for a in typing.get_args(kind) if a is not type(None)), value)
    if origin is tuple:
        return tuple(from_json(typing.get_args(kind)[0], item) for item in value or ())
    if origin is dict:
        return dict(value)
    if isinstance(kind, typing.NewType):
        return value
    if dataclasses.is_dataclass(kind):
        cls = typing.cast("type", kind)
        hints = _hints(cls)
        unknown = set(value) - set(hints)
        if unknown:
            raise ValueError(f"{cls.__name__} has no field {min(unknown)}")
        return cls(**(_unsaid(cls) | {name: from_json(hints[name], v) for name, v in value.items()}))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if kind is datetime:
        return parse_iso(value)
    if kind is float and isinstance(value, int):
        return float(value)
    if kind in (str, int, float, bool) and type(value) is not kind:
        raise ValueError(f"expected {kind.__name__}, got {type(value).__name__}")
    return value
