"""Reads of adverse events in the audit trail: before an answer leaves, it is on record who got it.

The record is a transaction of its own, in the outbox; an answer that can't be recorded is not given.
"""

from sqlalchemy import Engine
from starlette.requests import Request

from services.audit.act import Act, Agent, Pattern, Thing, patient_of
from services.audit.refusals import record_owed, record_refusal
from services.audit.restraint import Restraint
from services.audit.trail import Trail
from services.fhir_gateway.handler import TYPE, Answer
from services.runtime.settings import Settings

_INTERACTION = {"search": "search-type", "history": "history-instance", "read": "read", "vread": "vread"}


class AuditedReads:
    """Records what the gateway gives and what it refuses."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._trail = Trail("fhir_gateway")
        self._restraint = Restraint()
        self._patients = settings.patient_system_template

    def given(self, client: str, name: str, request: Request, answer: Answer) -> None:
        """Record an answer that tells of events; what tells of no patient (definitions, metadata) isn't recorded."""
        if answer.found is None:
            return
        events = [found.edition.event for found in answer.found]
        patients = dict.fromkeys(patient_of(self._patients, e.patient_site, e.patient_id) for e in events)
        evidence = any(sentence for found in answer.found for sentence in found.sentences)
        query = name == "search"
        things = () if query else tuple(Thing(f"{TYPE}/{e.id}/_history/{e.revision}") for e in events[:1])
        if name == "history":
            things = (Thing(f"{TYPE}/{request.path_params['id']}"),)
        act = Act(
            Pattern.QUERY if query else Pattern.READ,
            name,
            _INTERACTION[name],
            _agent(request, client),
            things,
            tuple(patients),
            _line(request) if query else None,
            also=("evidence",) if evidence else (),
        )
        with self._engine.begin() as connection:
            self._trail.record(connection, act)

    def refused(self, client: str, name: str, request: Request, words: str) -> None:
        """Record that a request wasn't admitted; only so many a minute one by one."""
        pattern = Pattern.QUERY if name == "search" else Pattern.READ
        interaction = _INTERACTION.get(name, "read")
        act = Act(pattern, name, interaction, _agent(request, client), query=_line(request))
        record_refusal(self._engine, self._trail, self._restraint, act, words)

    def owed(self) -> None:
        """Record how many refusals weren't recorded one by one; call it now and then."""
        record_owed(self._engine, self._trail, self._restraint)


def _agent(request: Request, client: str) -> Agent:
    return Agent(client, request.client.host if request.client else "unknown")


def _line(request: Request) -> str:
    """The request line. A search in a form has its parameters in the body, which was read when it was answered."""
    form = getattr(request.state, "form", "")
    query = "&".join(part for part in (request.url.query, form) if part)
    return f"{request.method} {request.url.path}{'?' if query else ''}{query}"
