"""Refusals: every answer that isn't what was asked for is an OperationOutcome that says what to do."""

from collections.abc import Mapping

from services.fhir_gateway.elements import Json, clean

_LONGEST = 400


class Refusal(Exception):
    """A request that is refused, with its HTTP status, FHIR's issue code and the words for the client."""

    def __init__(self, status: int, code: str, words: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.words = words
        self.headers = dict(headers or {})


def outcome(code: str, words: str, severity: str = "error") -> Json:
    """An OperationOutcome of one issue."""
    issue = {"severity": severity, "code": code, "details": {"text": clean(words)[:_LONGEST]}}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def bad(words: str, code: str = "invalid") -> Refusal:
    """400: the request itself is wrong."""
    return Refusal(400, code, words)


def not_found(words: str) -> Refusal:
    """404."""
    return Refusal(404, "not-found", words)


def unavailable_now() -> Refusal:
    """503: the database doesn't answer."""
    words = "The database doesn't answer now. Repeat the request after the time that Retry-After names."
    return Refusal(503, "transient", words, {"Retry-After": "5"})
