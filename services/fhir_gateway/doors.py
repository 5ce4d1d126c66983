"""The doors between HTTP and the gateway: routes, access, forms, and errors as OperationOutcome."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import structlog
from prometheus_client import CollectorRegistry, Counter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from services.audit import refusals
from services.fhir_gateway.audited import AuditedReads
from services.fhir_gateway.elements import Json
from services.fhir_gateway.handler import NOBODY, TYPE, Answer, Asked, Gateway
from services.fhir_gateway.negotiation import media_type, require_json
from services.fhir_gateway.refusal import Refusal, bad, outcome, unavailable_now
from services.fhir_gateway.release import Release
from services.runtime.access import READ_EVENTS, Access, Caller, Refused
from services.runtime.database import rejected, unavailable
from services.runtime.settings import Settings

SERVICE = "fhir_gateway"
LARGEST_FORM = 64 * 1024
_FORM = "application/x-www-form-urlencoded"

Interaction = Callable[[Asked, Request], Answer]


class Doors:
    """Everything between a request and the gateway's answer."""

    def __init__(
        self,
        gateway: Gateway,
        settings: Settings,
        access: Access,
        registry: CollectorRegistry,
        audited: AuditedReads,
    ) -> None:
        self._gateway = gateway
        self._audited = audited
        self._address = settings.gateway_base_url.rstrip("/")
        self._access = access
        self._log = structlog.get_logger().bind(service=SERVICE)
        self._requests = Counter(
            "cryo_gateway_requests_total",
            "FHIR requests by release, interaction and status",
            ["release", "interaction", "status"],
            registry=registry,
        )

    def routes(self, release: Release) -> list[Route]:
        """The routes of one release."""
        gateway = self._gateway

        def route(path: str, name: str, answer: Interaction, method: str = "GET", *, open_: bool = False) -> Route:
            async def endpoint(request: Request) -> Response:
                return await self._answered(release, name, answer, request, open_=open_)

            return Route(f"/{release.value}{path}", endpoint, methods=[method])

        def part(request: Request, name: str) -> str:
            return str(request.path_params[name])

        return [
            route("/metadata", "capabilities", lambda asked, _: gateway.metadata(asked), open_=True),
            route(f"/{TYPE}", "search", lambda asked, _: gateway.search(asked)),
            route(f"/{TYPE}/_search", "search", lambda asked, _: gateway.search(asked), "POST"),
            route(f"/{TYPE}/{{id}}", "read", lambda asked, r: gateway.read(asked, part(r, "id"))),
            route(f"/{TYPE}/{{id}}/_history", "history", lambda asked, r: gateway.history(asked, part(r, "id"))),
            route(
                f"/{TYPE}/{{id}}/_history/{{version}}",
                "vread",
                lambda asked, r: gateway.vread(asked, part(r, "id"), part(r, "version")),
            ),
            route("/{type}", "definitions", lambda asked, r: gateway.definition_search(asked, part(r, "type"))),
            route(
                "/{type}/{id}",
                "definitions",
                lambda asked, r: gateway.definition(asked, part(r, "type"), part(r, "id")),
            ),
        ]

    async def _answered(
        self, release: Release, name: str, answer: Interaction, request: Request, *, open_: bool
    ) -> Response:
        query: dict[str, str] = {}
        try:
            caller = NOBODY if open_ else await self._admitted(request, name)
            pairs = await _pairs(request)
            query = dict(pairs)
            require_json(request.headers.get("accept", ""), query.get("_format"), release)
            asked = Asked(release, self._base(request, release), tuple(pairs), request.headers, caller)
            found = await run_in_threadpool(self._given, name, answer, asked, request)
            response = _response(release, found.body, found.status, found.headers, pretty="_pretty" in query)
        except Exception as problem:
            response = self._refused(release, name, problem)
        self._requests.labels(release.value, name, str(response.status_code)).inc()
        return response

    def _given(self, name: str, answer: Interaction, asked: Asked, request: Request) -> Answer:
        found = answer(asked, request)
        self._audited.given(asked.caller.name, name, request, found)
        return found

    async def _admitted(self, request: Request, name: str) -> Caller:
        """Who calls; a refusal is recorded."""
        try:
            return self._access.require(request.headers.get("authorization"), READ_EVENTS)
        except Refused as refused:
            await run_in_threadpool(self._audited.refused, self._known(request, refused), name, request, refused.words)
            code = "login" if refused.status == 401 else "forbidden"
            raise Refusal(refused.status, code, refused.words, {"WWW-Authenticate": refused.challenge}) from None

    def _known(self, request: Request, refused: Refused) -> str:
        """The name of a client that is refused: known when its token is good and its rights don't reach so far."""
        return (
            self._access.caller(request.headers.get("authorization")).name if refused.status == 403 else refusals.NOBODY
        )

    def _refused(self, release: Release, name: str, problem: Exception) -> Response:
        if isinstance(problem, Refusal):
            refusal = problem
        elif unavailable(problem):
            refusal = unavailable_now()
        elif rejected(problem):
            refusal = bad("The request holds characters or numbers that can't be looked for.", "value")
        else:
            self._log.error("request_failed", error=type(problem).__name__, where=name)
            refusal = Refusal(500, "exception", "The server failed on this request; its log names the error.")
        return _response(release, outcome(refusal.code, refusal.words), refusal.status, refusal.headers)

    def _base(self, request: Request, release: Release) -> str:
        address = self._address or f"{request.url.scheme}://{request.url.netloc}"
        return f"{address}/{release.value}"

    async def index(self, request: Request) -> Response:
        """Where the releases are."""
        words = "CryoWatch FHIR gateway: R4 at /r4/metadata, R5 at /r5/metadata.\n"
        return Response(words, media_type="text/plain")

    async def elsewhere(self, request: Request, problem: Exception) -> Response:
        """404 and 405 of addresses and methods that don't exist. Behind a token, nobody else learns which do."""
        release = Release.R5 if request.url.path.startswith("/r5") else Release.R4
        try:
            await self._admitted(request, "read")
        except Refusal as refusal:
            return self._refused(release, "none", refusal)
        status = problem.status_code if isinstance(problem, HTTPException) else 404
        headers = dict(problem.headers or {}) if isinstance(problem, HTTPException) else {}
        if status == 405:
            return _response(release, outcome("not-supported", "This server only reads: use GET."), 405, headers)
        words = "There is nothing at this address. Begin at /r4/metadata or /r5/metadata."
        return _response(release, outcome("not-found", words), status, headers)

    def too_often(self, request: Request, headers: Mapping[str, str]) -> Response:
        """429: this address asks more often than it may."""
        release = Release.R5 if request.url.path.startswith("/r5") else Release.R4
        self._requests.labels(release.value, "none", "429").inc()
        words = "Too many requests: come again after the time that Retry-After names."
        return _response(release, outcome("throttled", words), 429, dict(headers))


async def _pairs(request: Request) -> list[tuple[str, str]]:
    pairs = list(request.query_params.multi_items())
    if request.method != "POST":
        return pairs
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise Refusal(415, "not-supported", f"Send the search as {_FORM}.")
    form = bytearray()
    try:
        async for chunk in request.stream():
            form += chunk
            if len(form) > LARGEST_FORM:
                raise Refusal(413, "too-long", f"A search takes at most {LARGEST_FORM} bytes.")
    except ClientDisconnect:
        raise bad("The form of the search ended too early.") from None
    request.state.form = form.decode("utf-8", "replace")  # for the audit trail
    try:
        return pairs + parse_qsl(form.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(form))
    except ValueError:
        raise bad("The form of the search can't be read.") from None


def _response(
    release: Release, body: Json | None, status: int, headers: dict[str, str], *, pretty: bool = False
) -> Response:
    # Answers hold patients' data: nobody but the client may keep them, nor use them without asking again.
    fixed = {"Cache-Control": "private, no-cache", "Vary": "Accept, Authorization", "X-Content-Type-Options": "nosniff"}
    if body is None:
        return Response(status_code=status, headers=fixed | headers)
    shape: dict[str, Any] = {"indent": 2} if pretty else {"separators": (",", ":")}
    content = json.dumps(body, ensure_ascii=False, **shape)
    return Response(content, status, fixed | headers, media_type(release))
