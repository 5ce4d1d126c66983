"""FHIR over HTTP: a resource or Bundle to Kafka as it came, 202 when it is durable.

POST /fhir (Bundle or resource), POST /fhir/{type}, PUT /fhir/{type}/{id}. The sender, named as in the sites file,
comes in the header ``X-Sender``; without it the sender is ``http``. Every answer is an OperationOutcome.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from services.intake.metrics import IntakeMetrics
from services.intake.publisher import Publisher, TooLarge
from services.runtime.access import SEND_MESSAGES, Access, Refused
from services.runtime.clock import Clock
from services.runtime.outcomes import Unavailable
from services.runtime.rate_limit import RateLimit

TOPIC = "fhir-inbound"
MEDIA_TYPE = "application/fhir+json"
_ACCEPTED = ("application/fhir+json", "application/json", "text/json", "application/json+fhir", "")


class _Refusal(Exception):
    """An answer other than 202."""

    def __init__(self, status: int, code: str, words: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.words, self.headers = status, code, words, headers


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """The largest body in bytes, and the requests a second that one address may make (0: any number)."""

    longest: int = 16 * 2**20
    rate: float = 0.0


def fhir_app(
    publisher: Publisher, metrics: IntakeMetrics, limits: HttpLimits | None = None, access: Access | None = None
) -> Starlette:
    """The application. Without ``access`` everybody who reaches it may send."""
    clock = Clock(None)
    limits = limits or HttpLimits()
    access = access or Access((), None, frozenset((SEND_MESSAGES,)))

    async def take(request: Request) -> Response:
        try:
            _admit(request)
            return await _store(request)
        except _Refusal as refusal:
            return _answer(metrics, refusal.status, "error", refusal.code, refusal.words, refusal.headers)

    def _admit(request: Request) -> None:
        try:
            access.require(request.headers.get("authorization"), SEND_MESSAGES)
        except Refused as refused:
            code = "login" if refused.status == 401 else "forbidden"
            raise _Refusal(refused.status, code, refused.words, {"WWW-Authenticate": refused.challenge}) from None

    async def _store(request: Request) -> Response:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in _ACCEPTED:
            raise _Refusal(415, "not-supported", f"Send {MEDIA_TYPE}.")
        body = await _body(request, limits.longest)
        _check(body, request.path_params.get("type"), request.path_params.get("id"))
        sender = _sender(request.headers)
        headers = {"cw-source": b"http", "cw-sender": sender.encode(), "content-type": MEDIA_TYPE.encode()}
        try:
            await publisher.publish(TOPIC, sender.encode(), body, headers)
        except Unavailable:
            raise _Refusal(503, "transient", "The store does not answer. Send it again.") from None
        except TooLarge:
            raise _Refusal(413, "too-long", "The body is larger than the store takes.") from None
        metrics.last_stored.labels("http").set(clock.now().timestamp())
        return _answer(metrics, 202, "information", "informational", "Stored; it will be processed.")

    async def refuse(request: Request, problem: Exception) -> Response:
        status = problem.status_code if isinstance(problem, HTTPException) else 500
        code = "not-supported" if status == 405 else "not-found"
        words = "POST /fhir, POST /fhir/{type} or PUT /fhir/{type}/{id}."
        return _answer(metrics, status, "error", code, words, getattr(problem, "headers", None))

    def too_often(_: Request, headers: Mapping[str, str]) -> Response:
        return _answer(metrics, 429, "error", "throttled", "Too many requests: come again later.", headers)

    return Starlette(
        middleware=[Middleware(RateLimit, rate=limits.rate, refuse=too_often)],
        routes=[
            Route("/fhir", take, methods=["POST"]),
            Route("/fhir/", take, methods=["POST"]),
            Route("/fhir/{type}", take, methods=["POST"]),
            Route("/fhir/{type}/{id}", take, methods=["PUT"]),
        ],
        exception_handlers={404: refuse, 405: refuse},
    )


async def _body(request: Request, longest: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and len(declared) < 19 and int(declared) > longest:
        raise _Refusal(413, "too-long", f"The body is larger than {longest} bytes.")
    chunks, size = [], 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > longest:
                raise _Refusal(413, "too-long", f"The body is larger than {longest} bytes.")
            chunks.append(chunk)
    except ClientDisconnect:
        raise _Refusal(400, "incomplete", "The body was cut off.") from None
    return b"".join(chunks)


def _check(body: bytes, kind: str | None, identity: str | None) -> None:
    """Refuse what is no FHIR JSON, or isn't what the URL says."""
    try:
        resource = json.loads(body)
    except (ValueError, RecursionError):
        raise _Refusal(400, "structure", "The body is no JSON.") from None
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        raise _Refusal(400, "structure", "The body is no FHIR resource: it has no resourceType.")
    if kind and resource["resourceType"] != kind:
        raise _Refusal(400, "invalid", "The resourceType is another one than the URL names.")
    if identity and resource.get("id") != identity:
        raise _Refusal(400, "invalid", "The id is another one than the URL names.")


def _sender(headers: Mapping[str, str]) -> str:
    name = "".join(c for c in headers.get("x-sender", "") if c.isprintable())[:200]
    return name.strip() or "http"


def _answer(
    metrics: IntakeMetrics,
    status: int,
    severity: str,
    code: str,
    words: str,
    headers: Mapping[str, str] | None = None,
) -> Response:
    metrics.messages.labels("http", str(status)).inc()
    issue = {"severity": severity, "code": code, "diagnostics": words}
    content = json.dumps({"resourceType": "OperationOutcome", "issue": [issue]})
    extra = dict(headers or {}) | ({"Retry-After": "5"} if status == 503 else {})
    return Response(content, status, extra, media_type=MEDIA_TYPE)
