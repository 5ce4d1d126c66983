"""Builders of facts: a test states only what matters to it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from services.clinical.facts import Fact, Standing, state
from services.clinical.moments import at
from services.clinical.publish import Published, Rules, publish
from services.clinical.statements import CareEvent, CodedResult, Lesion, ProcedureStatement, ReportBody, ReportStatus

START = datetime(2021, 3, 1, 9, tzinfo=UTC)
END = START + timedelta(hours=2)
LONG_AFTER = END + timedelta(days=40)
RULES = Rules(event_key=b"a key for tests, thirty-two bytes")


def procedure(
    accession: str = "A1",
    *,
    patient: str = "P1",
    organ: str = "lung",
    location: str = "lung",
    side: str | None = "left",
    lesions: tuple[Lesion, ...] | None = None,
    start: datetime = START,
    sent: datetime | None = None,
    standing: Standing = Standing.FINAL,
    **more: Any,
) -> Fact:
    """A documented cryoablation of two hours, of one lesion unless others are given."""
    listed = lesions if lesions is not None else (Lesion("1", organ, location, side, 15.0, 5.0),)
    times = {"start": at(start), "end": at(start + timedelta(hours=2))}
    statement = ProcedureStatement("IEO", accession, patient, lesions=listed, **(times | more))
    return state(statement, standing, sent=sent or start)


def report(
    text: str,
    number: str = "R1",
    *,
    hours: float = 24,
    end: datetime = END,
    patient: str = "P1",
    standing: Standing = Standing.FINAL,
    issued: datetime | None = None,
    sent: datetime | None = None,
    accession: str | None = None,
    coded: Iterable[CodedResult] = (),
) -> list[Fact]:
    """A CT report ``hours`` after the procedure's end: its body and its status."""
    performed = end + timedelta(hours=hours)
    when = issued if issued or sent else performed + timedelta(hours=1)
    about = {"coded": tuple(coded), "accession": accession, "language": "en"}
    body = ReportBody("IEO", number, patient, text, at(performed), ("chest",), **about)
    status = ReportStatus("IEO", number, patient)
    return [state(body, standing, issued=when, sent=sent), state(status, standing, issued=when, sent=sent)]


def withdrawal(
    number: str = "R1",
    *,
    patient: str = "P1",
    issued: datetime | None = None,
    sent: datetime | None = None,
    reason: str = "cancelled",
) -> Fact:
    """A report taken back."""
    return state(ReportStatus("IEO", number, patient, reason), Standing.WITHDRAWN, issued=issued, sent=sent)


def care(token: str, *, hours: float = 6, patient: str = "P1", number: str = "C1", **more: Any) -> Fact:
    """Care given ``hours`` after the procedure's end."""
    return state(CareEvent("IEO", number, patient, token, at(END + timedelta(hours=hours)), **more))


def published(*facts: Fact | list[Fact], as_of: datetime = LONG_AFTER) -> Published:
    """What the facts amount to, all of them one kin group."""
    flat = [f for one in facts for f in (one if isinstance(one, list) else [one])]
    return publish(flat, RULES, as_of)


def shown(result: Published) -> list[tuple[str, str | None, int, int]]:
    """Each event as (token, side, orsi-2024 grade, sir-2017 grade)."""
    return sorted((e.event, e.side, e.grade("orsi-2024").grade, e.grade("sir-2017").grade) for e in result.events)
