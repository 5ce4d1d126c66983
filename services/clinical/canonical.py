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
Read = typing.Callable[[typing.Any], typing.Any]
_PLAIN = frozenset((str, int, float, bool, type(None)))


def to_json(value: typing.Any) -> typing.Any:
    """A frozen dataclass, enum, time or container as plain JSON values."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    fields = _fields(typing.cast("typing.Hashable", kind))
    if fields is not None:
        pairs = ((name, getattr(value, name)) for name in fields)
        return {name: v if type(v) in _PLAIN else to_json(v) for name, v in pairs if v is not None and v != ()}
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


@cache
def _fields(kind: typing.Any) -> tuple[str, ...] | None:
    """The names of a dataclass's fields that make it what it is; None of any other type."""
    return tuple(f.name for f in dataclasses.fields(kind) if f.compare) if dataclasses.is_dataclass(kind) else None


def canonical(value: typing.Any) -> str:
    """The one JSON text of a value."""
    return text_of(to_json(value))


def text_of(value: typing.Any) -> str:
    """The one text of plain JSON values: :func:`canonical` of what :func:`to_json` gave."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: typing.Any) -> str:
    """32 hexadecimal digits that stand for the canonical text."""
    return digest_of(canonical(value))


def digest_of(text: str) -> str:
    """32 hexadecimal digits that stand for a canonical text."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _unsaid(cls: type) -> Json:
    """What :func:`to_json` leaves out, for the fields that have no default: None and empty tuples."""
    found: Json = {}
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            if types.NoneType in typing.get_args(hint):
                found[field.name] = None
            elif typing.get_origin(hint) is tuple:
                found[field.name] = ()
    return found


def from_json(kind: typing.Any, value: typing.Any) -> typing.Any:
    """The reverse of :func:`to_json`, by the type hints of ``kind``. ValueError or KeyError on what doesn't fit."""
    return _reader(kind)(value)


@cache
def _reader(kind: typing.Any) -> Read:
    """The function that reads values of one type: types are looked at once, not for every value."""
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        inner = next(a for a in typing.get_args(kind) if a is not type(None))
        return lambda value: None if value is None else _reader(inner)(value)
    if origin is tuple:
        item = typing.get_args(kind)[0]
        return lambda value: tuple(map(_reader(item), value or ()))
    if origin is dict:
        return dict
    if isinstance(kind, typing.NewType):
        return lambda value: value
    if dataclasses.is_dataclass(kind):
        return _dataclass_reader(typing.cast("type", kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if kind is datetime:
        return parse_iso
    if kind is float:
        return _float
    if kind in (str, int, bool):
        return lambda value: _exactly(kind, value)
    return lambda value: value


def _dataclass_reader(cls: type) -> Read:
    readers = {name: _reader(hint) for name, hint in typing.get_type_hints(cls).items()}
    unsaid = _unsaid(cls)

    def read(value: typing.Any) -> typing.Any:
        if not isinstance(value, dict):
            raise ValueError(f"{cls.__name__} is an object, not {type(value).__name__}")
        if not value.keys() <= readers.keys():
            raise ValueError(f"{cls.__name__} has no field {min(set(value) - set(readers))}")
        return cls(**(unsaid | {name: readers[name](v) for name, v in value.items()}))

    return read


def _float(value: typing.Any) -> float:
    return value if type(value) is float else float(_exactly(int, value))


def _exactly(kind: type, value: typing.Any) -> typing.Any:
    if type(value) is not kind:
        raise ValueError(f"expected {kind.__name__}, got {type(value).__name__}")
    return value
