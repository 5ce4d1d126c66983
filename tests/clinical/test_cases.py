"""The named cases of ``cases.toml``: in the order written, shuffled and every fact twice, always the same answer."""

import random
import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.clinical.canonical import canonical
from services.clinical.events.adverse_event import AdverseEvent
from services.clinical.facts import Fact, Standing, state
from services.clinical.moments import at
from services.clinical.publish import Published, publish
from services.clinical.statements import CareEvent, CodedResult, Lesion, ProcedureStatement, ReportBody, ReportStatus
from tests.builders import END, LONG_AFTER, RULES

CASES = tomllib.loads(Path(__file__).with_name("cases.toml").read_text("utf-8"))["case"]
SNOMED = "http://snomed.info/sct"
SITE, PATIENT = "IEO", "P1"


def hours(number: float) -> datetime:
    return END + timedelta(hours=number)


def procedures(case: dict[str, Any]) -> list[Fact]:
    found = []
    for row in case.get("procedure", [{}]):
        row = dict(row)
        over = hours(row.pop("hours", 0))
        place = {k: row.pop(k) for k in ("organ", "location", "side") if k in row}
        listed = [Lesion(**lesion) for lesion in row.pop("lesions", [])]
        lesions = listed or [Lesion("1", **({"organ": "lung", "location": "lung", "side": "left"} | place))]
        planned = row.pop("planned_discharge", None)
        said = ProcedureStatement(
            SITE,
            row.pop("accession", "A1"),
            PATIENT,
            at(over - timedelta(hours=2)),
            at(over),
            tuple(lesions),
            planned_discharge=at(hours(planned)) if planned else None,
        )
        assert not row
        found.append(state(said, sent=over))
    return found


def reports(case: dict[str, Any]) -> list[Fact]:
    found = []
    for row in case.get("report", []):
        row = dict(row)
        when = row.pop("hours", 24)
        number = f"R{when}"
        issued, standing = hours(row.pop("issued", when + 1)), Standing(row.pop("standing", "final"))
        reason = row.pop("withdrawn", None)
        if reason:
            found.append(state(ReportStatus(SITE, number, PATIENT, reason), Standing.WITHDRAWN, issued=issued))
            continue
        body = ReportBody(
            SITE,
            number,
            PATIENT,
            row.pop("text"),
            at(hours(when)),
            ("chest",),
            coded=tuple(map(code, row.pop("coded", []))),
            accession=row.pop("accession", None),
            language=row.pop("language", "en"),
        )
        assert not row
        found += [state(s, standing, issued=issued) for s in (body, ReportStatus(SITE, number, PATIENT))]
    return found


def code(text: str) -> CodedResult:
    """``code``, ``code side`` or ``code side assertion``; a dash for no side."""
    name, side, assertion, *_ = [*text.split(), "-", "-"][:3]
    return CodedResult(SNOMED, name, None, None if assertion == "-" else assertion, None if side == "-" else side)


def care(case: dict[str, Any]) -> list[Fact]:
    return [
        state(
            CareEvent(
                SITE,
                f"C{number}",
                PATIENT,
                row["care"],
                at(hours(row.get("hours", 6))),
                side=row.get("side"),
                reason=row.get("reason"),
            )
        )
        for number, row in enumerate(case.get("care", []))
    ]


def spoken(event: AdverseEvent, *, lesion: bool) -> str:
    words = [event.accession, event.event, event.side or "-"]
    words += [str(event.grade(name).grade) for name in ("orsi-2024", "sir-2017")]
    words += [event.certainty.value] if event.certainty.value != "definite" else []
    words += [event.timing.value] if event.timing.value != "within_24h" else []
    return " ".join(words + (["lesion", event.lesion or "-"] if lesion else []))


def flags(result: Published) -> list[str]:
    return sorted({flag for one in (*result.records, *result.events) for flag in one.review})


@pytest.mark.parametrize("case", CASES, ids=[f"{c['group']}: {c['name']}" for c in CASES])
def test_case(case: dict[str, Any]) -> None:
    facts = [*procedures(case), *reports(case), *care(case)]
    result = publish(facts, RULES, LONG_AFTER)
    lesion = any(" lesion " in e for e in case["events"])
    assert case["events"] == sorted(spoken(e, lesion=lesion) for e in result.events)
    if "review" in case:
        assert case["review"] == flags(result)
    if "follow_up" in case:
        assert case["follow_up"] == result.records[0].follow_up.value
    if "outcome" in case:
        assert [case["outcome"]] == [r.reading for r in result.records[0].reports]
    for seed in range(3):
        again = [*facts, *facts]
        random.Random(seed).shuffle(again)
        assert canonical(result) == canonical(publish(again, RULES, LONG_AFTER))


def test_names_are_unique() -> None:
    names = [(c["group"], c["name"]) for c in CASES]
    assert len(names) == len(set(names))
