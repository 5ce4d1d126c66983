"""What senders of FHIR and telemetry get wrong: types, keys, depth, numbers, characters, encodings."""

import json
import re
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

from tests.fuzz.byte_mutations import LARGEST, mutate_bytes
from tests.fuzz.oddities import LONE_SURROGATES, NOT_NUMBERS, NUMBERS, TEXTS, TIMES

Step = Callable[[Random, Any, Any], Any]
_AS_WRITTEN = "\ue000"
"""Marks a string that goes into the text without quotes, as a number that Python would not write."""


def mutate_json(rng: Random, value: bytes, other: bytes) -> tuple[bytes, str]:
    """One step and its name; what is no JSON (any more) is mutated as bytes."""
    try:
        root, foreign = json.loads(value), json.loads(other) if other[:1] == b"{" else {"a": ["b"]}
    except (ValueError, RecursionError):
        return mutate_bytes(rng, value, other)
    step = rng.choice(STEPS)
    changed = step(rng, root, foreign)
    try:
        text = json.dumps(changed, ensure_ascii=rng.random() < 0.7)
    except (ValueError, RecursionError):  # an integer of thousands of digits, or too deep for the writer
        return value, "unwritable"
    text = re.sub(rf'"(?:{_AS_WRITTEN}|\\ue000)([^"]*)"', r"\1", text)
    if step in (duplicate_key, deep_nesting):
        text = _TEXT_STEPS[step](rng, text)
    return _encoded(rng, text)[:LARGEST], step.__name__


def _encoded(rng: Random, text: str) -> bytes:
    codec = "utf-8" if rng.random() < 0.96 else rng.choice(("utf-16", "utf-8-sig", "latin-1", "utf-32-be", "cp1252"))
    return text.encode(codec, "surrogatepass" if codec.startswith("utf") and codec != "utf-8-sig" else "replace")


def _odd(rng: Random, now: object) -> Any:
    """Half the time something of the same kind, so that the schema lets it through."""
    if rng.random() < 0.5:
        if isinstance(now, bool) or now is None:
            return rng.choice((True, False, None))
        if isinstance(now, int | float):
            return _AS_WRITTEN + rng.choice(NUMBERS)
        if isinstance(now, str):
            return rng.choice(TIMES if re.match(r"\d{4}-\d", now) and rng.random() < 0.8 else TEXTS)
    return rng.choice(
        (
            None, True, False, 0, -1, 1.5, [], {}, [[]], [None], [{}], {"": ""}, "",
            _AS_WRITTEN + rng.choice(NUMBERS),
            _AS_WRITTEN + rng.choice(NOT_NUMBERS), rng.choice(TEXTS), rng.choice(TIMES), rng.choice(LONE_SURROGATES),
            ["a"] * 300, {"reference": "#p"}, {"value": 1}, {"coding": {"code": "x"}}, "x" * 70_000, [1e308,
            -1e308] * 20,
        )
    )  # fmt: skip


def _holders(root: Any) -> list[Any]:
    """Every object and list that isn't empty, from the root down."""
    found, layer = [], [root]
    while layer and len(found) < 5000:
        full = [x for x in layer if isinstance(x, dict | list) and x]
        found += full
        layer = [inner for x in full for inner in (x.values() if isinstance(x, dict) else x)]
    return found


def _spot(rng: Random, root: Any) -> tuple[Any, Any] | None:
    holders = _holders(root)
    if not holders:
        return None
    holder = rng.choice(holders)
    return holder, rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))


def _change(rng: Random, root: Any, how: Callable[[Any, Any], None]) -> Any:
    spot = _spot(rng, root)
    if spot:
        how(*spot)
    return root


def set_value(rng: Random, root: Any, other: Any) -> Any:
    return _change(rng, root, lambda holder, at: holder.__setitem__(at, _odd(rng, holder[at])))


def delete_value(rng: Random, root: Any, other: Any) -> Any:
    return _change(rng, root, lambda holder, at: holder.__delitem__(at))


def swap_values(rng: Random, root: Any, other: Any) -> Any:
    one, two = _spot(rng, root), _spot(rng, root)
    if one and two:
        first, second = deepcopy(one[0][one[1]]), deepcopy(two[0][two[1]])
        one[0][one[1]] = second
        two[0][two[1]] = first
    return root


def from_other(rng: Random, root: Any, other: Any) -> Any:
    spot = _spot(rng, other)
    return root if spot is None else _change(rng, root, lambda h, at: h.__setitem__(at, spot[0][spot[1]]))


def wrap(rng: Random, root: Any, other: Any) -> Any:
    return _change(
        rng, root, lambda h, at: h.__setitem__(at, rng.choice(([h[at]], {"value": h[at]}, {str(at): h[at]})))
    )


def unwrap(rng: Random, root: Any, other: Any) -> Any:
    def how(holder: Any, at: Any) -> None:
        inner = holder[at]
        if isinstance(inner, list) and inner:
            holder[at] = inner[0]
        elif isinstance(inner, dict) and inner:
            holder[at] = next(iter(inner.values()))

    return _change(rng, root, how)


def repeat_value(rng: Random, root: Any, other: Any) -> Any:
    def how(holder: Any, at: Any) -> None:
        if isinstance(holder, list):
            holder[:] = [*holder[:at], *[holder[at]] * rng.choice((2, 3, 400)), *holder[at + 1 :]]
        else:
            holder[str(at) + rng.choice(("", "2", "_", " ", "\x00", "/0~1"))] = holder[at]

    return _change(rng, root, how)


def rename_key(rng: Random, root: Any, other: Any) -> Any:
    def how(holder: Any, at: Any) -> None:
        if isinstance(holder, dict):
            holder[rng.choice((at.upper(), at + "\u0000", "", "\ud800", "__proto__", rng.choice(TEXTS)))] = holder.pop(
                at
            )

    return _change(rng, root, how)


def shuffle_list(rng: Random, root: Any, other: Any) -> Any:
    lists = [holder for holder in _holders(root) if isinstance(holder, list)]
    if lists:
        rng.shuffle(rng.choice(lists))
    return root


def in_bundle(rng: Random, root: Any, other: Any) -> Any:
    entries = [
        {"resource": root, "fullUrl": rng.choice(TEXTS)},
        {"resource": other},
        rng.choice(({}, None, [], {"request": {}})),
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries[: rng.randint(1, 3)]}


def other_root(rng: Random, root: Any, other: Any) -> Any:
    return rng.choice(
        ([root], root.get("entry", []) if isinstance(root, dict) else 1, "text", 5, None, {}, [root] * 30)
    )


def duplicate_key(rng: Random, root: Any, other: Any) -> Any:
    return root


def deep_nesting(rng: Random, root: Any, other: Any) -> Any:
    return root


def _duplicate_key_text(rng: Random, text: str) -> str:
    """A key said twice with different values; the last one counts for most parsers."""
    found = list(re.finditer(r'"([A-Za-z_]+)": ', text))
    if not found:
        return text
    spot = rng.choice(found)
    return f'{text[: spot.start()]}"{spot[1]}": {json.dumps(rng.choice(TEXTS))}, {text[spot.start() :]}'


def _deep_text(rng: Random, text: str) -> str:
    depth = rng.choice((30, 62, 64, 66, 130, 500, 5000, 60_000))
    left, right = rng.choice((("[", "]"), ('{"extension":', "}"), ('{"contained":[', "]}")))
    inner = left * depth + "1" + right * (depth if rng.random() < 0.8 else 0)
    found = list(re.finditer(r'(?<=: )(?:"[^"\\]*"|\d+)', text))
    if not found:
        return inner
    spot = rng.choice(found)
    return text[: spot.start()] + inner + text[spot.end() :]


_TEXT_STEPS: dict[Step, Callable[[Random, str], str]] = {
    duplicate_key: _duplicate_key_text,
    deep_nesting: _deep_text,
}
STEPS: tuple[Step, ...] = (
    set_value, set_value, set_value, set_value, set_value, set_value, delete_value, delete_value, swap_values,
    from_other,
    wrap, unwrap, repeat_value, rename_key, shuffle_list, in_bundle, other_root, duplicate_key, deep_nesting,
)  # fmt: skip
