"""Who may call over HTTP: bearers of a token from a file, which grants every scope."""

import hmac
import re
from dataclasses import dataclass
from pathlib import Path

from services.runtime.settings import Settings

SHORTEST = 16
SCOPES = frozenset(
    (
        "system/*.cruds",
        "cryowatch/evidence.read",
        "cryowatch/dead-letters.read",
        "cryowatch/dead-letters.write",
        "cryowatch/adjudications.write",
        "cryowatch/audit.read",
    )
)
_SMART = re.compile(r"system/(\*|[A-Z][A-Za-z]+)\.(c?r?u?d?s?)")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the client's name (``token`` for a static one, ``anybody`` where nothing is asked) and its scopes."""

    name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether the scopes cover this one."""
        wanted = _SMART.fullmatch(scope)
        if scope in self.scopes or not wanted:
            return scope in self.scopes
        held = [found for found in map(_SMART.fullmatch, self.scopes) if found and found[1] in ("*", wanted[1])]
        return set(wanted[2]) <= {letter for found in held for letter in found[2]}


class Refused(Exception):
    """A request that isn't admitted: its HTTP status (401 or 403), RFC 6750's error or none, and words for people."""

    def __init__(self, status: int, error: str, words: str) -> None:
        super().__init__(error)
        self.status, self.error, self.words = status, error, words


class Access:
    """The rule of a door. Without tokens, everybody is admitted: a service decides whether it starts like that."""

    def __init__(self, tokens: tuple[bytes, ...]) -> None:
        self._tokens = tokens
        self.secured = bool(tokens)

    def caller(self, authorization: str | None) -> Caller:
        """Who calls, by the header Authorization. Refused with 401."""
        if not self.secured:
            return Caller("anybody", SCOPES)
        scheme, _, shown = (authorization or "").partition(" ")
        given = shown.strip().encode("utf-8", "surrogateescape") if scheme.lower() == "bearer" else b""
        if sum(hmac.compare_digest(given, token) for token in self._tokens) == 0:
            words = "Send the header Authorization: Bearer with a token that this server knows."
            raise Refused(401, "invalid_token" if authorization else "", words)
        return Caller("token", SCOPES)

    def require(self, authorization: str | None, scope: str) -> Caller:
        """The caller, who may do what ``scope`` names. Refused with 401 or 403."""
        found = self.caller(authorization)
        if not found.may(scope):
            raise Refused(403, "insufficient_scope", f"The token doesn't carry the scope {scope}.")
        return found


def access_of(settings: Settings) -> Access:
    """The rule that the settings state. SystemExit in words when the token file can't be used."""
    path: Path | None = settings.gateway_token_file
    if path is None:
        return Access(())
    try:
        lines = path.read_text("utf-8").split()
    except (OSError, UnicodeDecodeError) as problem:
        raise SystemExit(f"CRYOWATCH_GATEWAY_TOKEN_FILE: can't read {path} ({type(problem).__name__})") from None
    if not lines or min(map(len, lines)) < SHORTEST:
        raise SystemExit(f"CRYOWATCH_GATEWAY_TOKEN_FILE: {path} needs tokens of at least {SHORTEST} characters")
    return Access(tuple(line.encode() for line in lines))
