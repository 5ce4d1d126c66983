"""What a report's examination was: a CT or not, of which regions, with contrast or without."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Examination:
    """A CT's regions and contrast, as far as its code or name says."""

    regions: tuple[str, ...] = ()
    contrast: bool | None = None


@dataclass(frozen=True, slots=True)
class _Table:
    codes: dict[str, Examination]
    ct: re.Pattern[str]
    not_ct: re.Pattern[str]
    with_contrast: re.Pattern[str]
    without_contrast: re.Pattern[str]
    regions: dict[str, re.Pattern[str]]
    open: frozenset[str]


@cache
def _table() -> _Table:
    data = tomllib.loads(files(__package__).joinpath("ct_codes.toml").read_text("utf-8"))
    words = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in data["words"].items()}
    return _Table(
        codes={c: Examination(tuple(r["regions"]), r.get("contrast")) for c, r in data["code"].items()},
        ct=words["ct"],
        not_ct=words["not_ct"],
        with_contrast=words["with_contrast"],
        without_contrast=words["without_contrast"],
        regions={n: re.compile(rf"(?<!\w){p}(?!\w)", re.IGNORECASE) for n, p in data["region"].items()},
        open=frozenset(data["modality"]["open"]),
    )


def ct_examination(codes: Iterable[str], names: Iterable[str], modalities: Iterable[str]) -> Examination | None:
    """The examination when it is a CT; None when it isn't, or nothing says so.

    ``codes`` and ``names`` are those of OBR-4 or DiagnosticReport.code; ``modalities`` OBR-24 or the category's codes.
    """
    table = _table()
    known = next((table.codes[c] for c in codes if c in table.codes), None)
    said = {m.upper() for m in modalities}
    words = " / ".join(n for n in names if n)
    if known is None and not _says_ct(said, words, table):
        return None
    regions = known.regions if known else ()
    contrast = known.contrast if known else None
    return Examination(regions or regions_of(words), _contrast(words, table) if contrast is None else contrast)


def regions_of(words: str) -> tuple[str, ...]:
    """The regions that an examination's name names."""
    return tuple(region for region, pattern in _table().regions.items() if pattern.search(words))


def says_other(modalities: Iterable[str]) -> bool:
    """Whether the modality plainly is another one than CT."""
    said = {m.upper() for m in modalities}
    return bool(said) and "CT" not in said and not said & _table().open


def _says_ct(said: set[str], words: str, table: _Table) -> bool:
    if "CT" in said:
        return True
    if said and not said & table.open:
        return False
    return bool(table.ct.search(words)) and not table.not_ct.search(words)


def _contrast(words: str, table: _Table) -> bool | None:
    with_it, without = table.with_contrast.search(words), table.without_contrast.search(words)
    if with_it:
        return True
    return False if without else None
