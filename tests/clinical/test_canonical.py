"""What goes to JSON comes back, also where a value that has no default is absent."""

from dataclasses import dataclass

import pytest

from services.clinical.canonical import canonical, from_json, to_json
from services.clinical.moments import Moment


@dataclass(frozen=True, slots=True)
class Shown:
    """An event as it may be: when it was first shown can be unknown."""

    name: str
    onset: Moment | None
    side: str | None = None


def test_a_value_that_is_none_comes_back_as_none() -> None:
    shown = Shown("effusion", None)
    assert '{"name":"effusion"}' == canonical(shown)
    assert shown == from_json(Shown, to_json(shown))


def test_a_value_that_must_be_there_is_missed() -> None:
    with pytest.raises(TypeError, match="name"):
        from_json(Shown, {"side": "left"})
