"""Refused and failed attempts in the trail: a few a minute one by one, the others by their number."""

from dataclasses import replace

from sqlalchemy import Engine

from services.audit.act import Act, Agent, Outcome, Pattern
from services.audit.restraint import Restraint
from services.audit.trail import Trail
from services.runtime.database import unavailable

NOBODY = "unknown"
"""The client of a request that shows no token that is known."""


def record_refusal(engine: Engine, trail: Trail, restraint: Restraint, act: Act, words: str) -> None:
    """Record that ``act`` was refused or failed, unless restraint says no.

    Nothing was given away, so a database that is away at this moment doesn't change the answer.
    """
    before = restraint.admit(act.agent.address)
    if before is None:
        return
    said = f"{words} {before} refusals before this one were not recorded one by one." if before else words
    outcome = Outcome.SERIOUS_FAILURE if before else Outcome.MINOR_FAILURE
    _write(engine, trail, replace(act, outcome=outcome, words=said, patients=()))


def record_owed(engine: Engine, trail: Trail, restraint: Restraint) -> None:
    """Record the number of refusals that went unrecorded in minutes that are over; call it now and then."""
    number = restraint.owed()
    if number:
        agent = Agent(NOBODY, "0.0.0.0")  # noqa: S104  # of many addresses: no address
        words = f"{number} refusals in the last minutes were not recorded one by one."
        act = Act(Pattern.QUERY, "refusals", "search-type", agent, outcome=Outcome.SERIOUS_FAILURE)
        _write(engine, trail, replace(act, words=words))


def _write(engine: Engine, trail: Trail, act: Act) -> None:
    try:
        with engine.begin() as connection:
            trail.record(connection, act)
    except Exception as problem:
        if not unavailable(problem):
            raise
