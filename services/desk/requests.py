"""What the desk is asked: bodies and queries, checked before anything is done."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from starlette.requests import ClientDisconnect, Request

from services.casework.dead_letter import DEFAULT_COUNT, HIGHEST_COUNT, Wanted
from services.casework.decision import Decision
from services.casework.problem import Kind, Problem

LARGEST_BODY, LARGEST_EDIT = 64 * 1024, 28 * 2**20
"""Bytes of a request; an edit carries a whole message in base64."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class Asked(BaseModel):
    """A query or a body: what it doesn't know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Q = TypeVar("Q", bound=Asked)


class Query(Asked):
    """The query of a list of dead letters."""

    topic: Name | None = None
    code: Name | None = None
    service: Name | None = None
    state: Literal["open", "replayed", "discarded", "any"] = "open"
    since: AwareDatetime | None = None
    count: int = Field(DEFAULT_COUNT, ge=1, le=HIGHEST_COUNT)
    after: int | None = Field(None, ge=0, lt=2**63)

    def wanted(self) -> Wanted:
        """The filters."""
        state = None if self.state == "any" else self.state
        return Wanted(self.topic, self.code, self.service, state, self.since)


class ReviewQuery(Asked):
    """The query of a list of what to review."""

    site: Name | None = None
    count: int = Field(DEFAULT_COUNT, ge=1, le=HIGHEST_COUNT)
    after: Name | None = None


class Edit(Asked):
    """A corrected body, as text (stored as UTF-8) or in base64, and why. ``seen``: how many edits were seen."""

    text: str | None = None
    base64: str | None = None
    why: str
    seen: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.text is None) == (self.base64 is None):
            raise ValueError("give the body as text or as base64")
        return self

    def body(self) -> bytes:
        """The bytes."""
        try:
            return self.text.encode() if self.text is not None else base64.b64decode(self.base64 or "", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            raise Problem(Kind.INVALID, "The body can't be read: is it base64?") from None


class Replay(Asked):
    """How to replay one letter."""

    again: bool = False
    original: bool = False


class ReplayMany(Asked):
    """Which open letters to replay: at least one filter, and at most so many in one request."""

    topic: Name | None = None
    code: Name | None = None
    service: Name | None = None
    since: datetime | None = None
    limit: int = Field(1000, ge=1, le=10_000)

    @model_validator(mode="after")
    def _filtered(self) -> Self:
        if not (self.topic or self.code or self.service or self.since):
            raise ValueError("give at least one of topic, code, service, since")
        if self.since is not None and self.since.tzinfo is None:
            raise ValueError("since needs a zone")
        return self

    def wanted(self) -> Wanted:
        """The filters."""
        return Wanted(self.topic, self.code, self.service, "open", self.since)


class Discard(Asked):
    """Why a letter is discarded."""

    why: str


class Adjudicate(Asked):
    """A decision about an event."""

    event: Name
    verdict: str = Field(max_length=40)
    why: str
    grade: int | None = None
    causality: str | None = Field(None, max_length=40)

    def decision(self) -> Decision:
        """As the core of the act takes it."""
        return Decision(self.event, self.verdict, self.why, self.grade, self.causality)


def read_query(kind: type[Q], request: Request, many: tuple[str, ...] = ()) -> Q:
    """The query; Problem in words, without what was sent. ``many`` may come more than once: they are tuples."""
    pairs = request.query_params.multi_items()
    once = [name for name, _ in pairs if name not in many]
    if len(set(once)) < len(once):
        raise Problem(Kind.INVALID, "Each parameter comes once.")
    given: dict[str, Any] = {name: tuple(v for n, v in pairs if n == name) for name in many}
    return _valid(kind, given | {name: value for name, value in pairs if name not in many})


async def read_body(kind: type[Q], request: Request, largest: int = LARGEST_BODY) -> Q:
    """The body; Problem in words, without what was sent. TooLarge and NotJson are HTTP's own refusals."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise NotJson
    raw = bytearray()
    try:
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > largest:
                raise TooLarge(largest)
    except ClientDisconnect:
        raise Problem(Kind.INVALID, "The body was cut off.") from None
    try:
        return kind.model_validate_json(bytes(raw) or b"{}")
    except ValidationError as problem:
        raise _misfit(problem) from None


class NotJson(Exception):
    """The body isn't declared as JSON."""


class TooLarge(Exception):
    """The body is larger than this door takes."""

    def __init__(self, largest: int) -> None:
        super().__init__()
        self.largest = largest


def _valid(kind: type[Q], given: dict[str, Any]) -> Q:
    try:
        return kind.model_validate(given)
    except ValidationError as problem:
        raise _misfit(problem) from None


def _misfit(problem: ValidationError) -> Problem:
    found = []
    for error in problem.errors(include_input=False, include_url=False, include_context=False):
        where = ".".join(str(part)[:60] for part in error["loc"]) or "the request"
        found.append(f"{where}: {error['msg'].removeprefix('Value error, ')}")
    return Problem(Kind.INVALID, ("; ".join(found[:5]))[:500])
