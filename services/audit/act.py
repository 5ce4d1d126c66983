"""An act to be audited: who did what to what, over which door, and how it came out."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote


class Pattern(StrEnum):
    """The patterns of IHE's Basic Audit Log Patterns that our acts follow."""

    QUERY = "Query"
    READ = "Read"
    UPDATE = "Update"


class Outcome(StrEnum):
    """FHIR's audit-event-outcome: done; refused or failed; refused again and again."""

    SUCCESS = "0"
    MINOR_FAILURE = "4"
    SERIOUS_FAILURE = "8"


@dataclass(frozen=True, slots=True)
class Agent:
    """Who acts: the client (a JWT's client, or the command), where from, and the person it acts for, if it says so.

    ``machine`` tells that the address is a computer's name, not an IP address.
    """

    client: str
    address: str
    person: str | None = None
    machine: bool = False


@dataclass(frozen=True, slots=True)
class Thing:
    """What was touched: a FHIR reference such as ``AdverseEvent/ae-1``, or an identifier with its system."""

    reference: str = ""
    system: str = ""
    value: str = ""
    display: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient by the number that the hospital assigned; ``system`` is that numbering's."""

    system: str
    value: str


@dataclass(frozen=True, slots=True)
class Act:
    """One act. ``code`` is our word for it, ``also`` what more it was, ``interaction`` FHIR's (read, update, ...).

    ``query`` is the request of a query, ``patients`` whom the act or what it found concerns: one AuditEvent for each.
    """

    pattern: Pattern
    code: str
    interaction: str
    agent: Agent
    things: tuple[Thing, ...] = ()
    patients: tuple[Patient, ...] = ()
    query: str | None = None
    outcome: Outcome = Outcome.SUCCESS
    words: str = ""
    also: tuple[str, ...] = ()


def patient_of(template: str, site: str, number: str) -> Patient:
    """The patient of that site and number; ``template`` is the setting patient_system_template."""
    return Patient(template.replace("{site}", quote(site, safe="")), number)
