"""The doors between HTTP and the acts: routes, access, JSON, and errors as ``{"error", "words"}``."""

import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.audit.act import Act, Agent, Pattern
from services.audit.refusals import NOBODY, record_refusal
from services.casework.audited_act import Casework
from services.casework.dead_letter import Content, Page
from services.casework.dead_letter_desk import LetterDesk, Tally
from services.casework.decision import adjudicate
from services.casework.problem import Kind, Problem
from services.casework.review import reviews
from services.casework.trail_reading import read_trail
from services.desk import requests as asked
from services.desk import trail_query as trail
from services.runtime.access import (
    DECIDE,
    HANDLE,
    READ_AUDIT,
    READ_EVENTS,
    READ_LETTERS,
    Access,
    Refused,
)
from services.runtime.database import rejected, unavailable
from services.runtime.settings import Settings

SERVICE = "desk"
_STATUS = {Kind.UNKNOWN: 404, Kind.CONFLICT: 409, Kind.ERASED: 410, Kind.INVALID: 400}
_LONGEST_OPERATOR = 200

Json = dict[str, Any]
Answer = Callable[[Agent, Request], Awaitable[tuple[int, Json]]]


@dataclass(frozen=True, slots=True)
class Door:
    """One act's address: its name in the trail, the scope that it needs, and what it does."""

    path: str
    method: str
    code: str
    pattern: Pattern
    scope: str
    answer: Answer
    media: str = "application/json"


class Doors:
    """Everything between a request and the acts."""

    def __init__(self, casework: Casework, access: Access, settings: Settings, registry: CollectorRegistry) -> None:
        self._casework, self._access = casework, access
        self._letters = LetterDesk(casework)
        self._patients = settings.patient_system_template
        self._log = structlog.get_logger().bind(service=SERVICE)
        self._requests = Counter(
            "cryo_desk_requests_total", "Requests to the desk by act and status", ["act", "status"], registry=registry
        )

    def routes(self) -> list[Route]:
        """Every address of the desk."""
        letter = "/dead-letters/{topic}/{partition}/{offset}"
        doors = [
            Door("/dead-letters", "GET", "dead-letters-list", Pattern.QUERY, READ_LETTERS, self._list),
            Door("/dead-letters/replay", "POST", "dead-letter-replay", Pattern.UPDATE, HANDLE, self._replay_many),
            Door(letter, "GET", "dead-letter-show", Pattern.READ, READ_LETTERS, self._show),
            Door(f"{letter}/edits", "POST", "dead-letter-edit", Pattern.UPDATE, HANDLE, self._edit),
            Door(f"{letter}/replay", "POST", "dead-letter-replay", Pattern.UPDATE, HANDLE, self._replay),
            Door(f"{letter}/discard", "POST", "dead-letter-discard", Pattern.UPDATE, HANDLE, self._discard),
            Door("/reviews", "GET", "reviews-list", Pattern.QUERY, READ_EVENTS, self._reviews),
            Door("/adjudications", "POST", "adjudicate", Pattern.UPDATE, DECIDE, self._adjudicate),
            Door("/audit", "GET", "audit-list", Pattern.QUERY, READ_AUDIT, self._audit, trail.MEDIA_TYPE),
        ]
        return [self._route(door) for door in doors]

    def _route(self, door: Door) -> Route:
        async def endpoint(request: Request) -> Response:
            response = await self._answered(door, request)
            self._requests.labels(door.code, str(response.status_code)).inc()
            return response

        return Route(door.path, endpoint, methods=[door.method])

    async def _answered(self, door: Door, request: Request) -> Response:
        shown = request.headers.get("authorization")
        try:
            by = _agent(request, (await run_in_threadpool(self._access.require, shown, door.scope)).name)
            status, body = await door.answer(by, request)
            return _json(status, body, media=door.media)
        except Refused as refused:
            await run_in_threadpool(self._record, door, request, refused)
            headers = {"WWW-Authenticate": refused.challenge}
            return _json(refused.status, _error(refused.error or "login", refused.words), headers)
        except Problem as problem:
            return _json(_STATUS[problem.kind], _error(problem.kind, problem.words))
        except asked.NotJson:
            return _json(415, _error("not_json", "Send application/json."))
        except asked.TooLarge as large:
            return _json(413, _error("too_large", f"This door takes at most {large.largest} bytes."))
        except Exception as problem:
            if unavailable(problem):
                words = "The database doesn't answer now. Repeat the request after the time that Retry-After names."
                return _json(503, _error("unavailable", words), {"Retry-After": "5"})
            if rejected(problem):
                return _json(400, _error("invalid", "The request holds characters that can't be stored."))
            self._log.error("request_failed", error=type(problem).__name__, where=door.code)
            return _json(500, _error("failed", "The desk failed on this request; its log names the error."))

    def _record(self, door: Door, request: Request, refused: Refused) -> None:
        name = NOBODY
        if refused.status == 403:
            name = self._access.caller(request.headers.get("authorization")).name
        interaction = {Pattern.QUERY: "search-type", Pattern.READ: "read"}.get(door.pattern, "update")
        query = f"{request.method} {request.url.path}"
        act = Act(door.pattern, door.code, interaction, _agent(request, name), query=query)
        record_refusal(self._casework.engine, self._casework.trail, self._casework.restraint, act, refused.words)

    async def _list(self, by: Agent, request: Request) -> tuple[int, Json]:
        query = asked.read_query(asked.Query, request)
        page: Page = await run_in_threadpool(self._letters.find, by, query.wanted(), query.count, query.after)
        counts = [{"topic": t, "code": c, "count": n} for (t, c), n in sorted(page.counts.items())]
        found = {"letters": [one.json() for one in page.letters], "counts": counts, "total": sum(page.counts.values())}
        return 200, found | ({"after": page.after} if page.after is not None else {})

    async def _show(self, by: Agent, request: Request) -> tuple[int, Json]:
        letter, content = await run_in_threadpool(self._letters.show, by, _place(request))
        return 200, letter.json() | {"content": _content(content)}

    async def _edit(self, by: Agent, request: Request) -> tuple[int, Json]:
        edit = await asked.read_body(asked.Edit, request, asked.LARGEST_EDIT)
        number = await run_in_threadpool(self._letters.edit, by, _place(request), edit.body(), edit.why, edit.seen)
        return 201, {"place": _place(request), "edits": number}

    async def _replay(self, by: Agent, request: Request) -> tuple[int, Json]:
        how = await asked.read_body(asked.Replay, request)

        def replay() -> Json:
            done = self._letters.replay(by, _place(request), again=how.again, original=how.original)
            return {"place": done.place, "state": "replayed", "replays": done.replays + 1}

        return 202, await run_in_threadpool(replay)

    async def _replay_many(self, by: Agent, request: Request) -> tuple[int, Json]:
        many = await asked.read_body(asked.ReplayMany, request)

        def replay() -> Tally:
            tally = Tally()
            for now in self._letters.replay_many(by, many.wanted(), many.limit):
                tally = now
            return tally

        done = await run_in_threadpool(replay)
        return 202, {"replayed": done.replayed, "erased": done.erased, "limit": many.limit}

    async def _discard(self, by: Agent, request: Request) -> tuple[int, Json]:
        why = await asked.read_body(asked.Discard, request)
        done = await run_in_threadpool(self._letters.discard, by, _place(request), why.why)
        return 200, {"place": done.place, "state": "discarded"}

    async def _reviews(self, by: Agent, request: Request) -> tuple[int, Json]:
        query = asked.read_query(asked.ReviewQuery, request)
        page, after = await run_in_threadpool(
            reviews, self._casework, by, self._patients, query.site, query.count, query.after
        )
        return 200, {"reviews": [one.json() for one in page]} | ({"after": after} if after else {})

    async def _adjudicate(self, by: Agent, request: Request) -> tuple[int, Json]:
        body = await asked.read_body(asked.Adjudicate, request)
        return 202, await run_in_threadpool(adjudicate, self._casework, by, body.decision(), self._patients)

    async def _audit(self, by: Agent, request: Request) -> tuple[int, Json]:
        query = asked.read_query(trail.TrailQuery, request, trail.MANY)
        line = f"GET /audit?{request.url.query}".removesuffix("?")
        found = (query.wanted(), query.count, query.place(), line)
        return 200, trail.searchset(query, await run_in_threadpool(read_trail, self._casework, by, *found))

    async def index(self, _: Request) -> Response:
        """What there is."""
        words = "CryoWatch desk: /dead-letters, /reviews, /adjudications, /audit.\n"
        return Response(words, media_type="text/plain")

    def too_often(self, _: Request, headers: Mapping[str, str]) -> Response:
        """429: this address asks more often than it may."""
        self._requests.labels("none", "429").inc()
        return _json(
            429, _error("too_many_requests", "Come again after the time that Retry-After names."), dict(headers)
        )

    async def elsewhere(self, _: Request, problem: Exception) -> Response:
        """404 and 405 of addresses and methods that don't exist."""
        status = problem.status_code if isinstance(problem, HTTPException) else 404
        headers = dict(problem.headers or {}) if isinstance(problem, HTTPException) else {}
        words = "There is nothing at this address." if status == 404 else "This address takes another method."
        return _json(status, _error("not_found" if status == 404 else "method", words), headers)


def _agent(request: Request, name: str) -> Agent:
    """The caller, and the person it acts for as the header X-Operator says; it is the client that vouches for it."""
    raw = request.headers.get("x-operator", "").encode("latin-1")
    person = "".join(c for c in raw.decode("utf-8", "replace") if c.isprintable()).strip()[:_LONGEST_OPERATOR]
    return Agent(name, request.client.host if request.client else "unknown", person or None)


def _place(request: Request) -> str:
    return "/".join(str(request.path_params[part]) for part in ("topic", "partition", "offset"))


def _content(content: Content) -> Json:
    return {
        "key_base64": base64.b64encode(content.key).decode() if content.key is not None else None,
        "headers": {name: value.decode("utf-8", "backslashreplace") for name, value in content.headers.items()},
        "original": _body(content.original),
        "edited": _body(content.edited),
    }


def _body(body: bytes | None) -> Json | None:
    if body is None:
        return None
    text, charset = decoded(body)
    return {"text": text, "charset": charset, "base64": base64.b64encode(body).decode()}


def decoded(body: bytes) -> tuple[str, str]:
    """The bytes as text, and as what they were read: UTF-8, or else Latin-1, which fits every byte and may mislead."""
    try:
        return body.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return body.decode("latin-1"), "latin-1 (a guess)"


def _error(code: str, words: str) -> Json:
    return {"error": str(code), "words": words}


def _json(status: int, body: Json, headers: dict[str, str] | None = None, media: str = "application/json") -> Response:
    # Answers may hold patients' data: nobody may keep them.
    fixed = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(json.dumps(body, ensure_ascii=False), status, fixed | (headers or {}), media)
