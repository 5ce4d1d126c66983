"""Who may call over HTTP: bearers of a token from a file, or of a JWT (SMART Backend Services) with the right scope.

A static token grants every scope. A JWT grants what its issuer wrote into it; SMART scopes are understood in their v2
form (``system/AdverseEvent.rs``) and their v1 form (``system/AdverseEvent.read``).
"""

import hmac
import re
from dataclasses import dataclass
from pathlib import Path

from services.runtime.jwt_access import JwtReader, NotAccepted
from services.runtime.settings import PREFIX, Settings, WrongSetting

READ_EVENTS = "system/AdverseEvent.rs"
READ_EVIDENCE = "cryowatch/evidence.read"
SEND_MESSAGES = "cryowatch/messages.write"
READ_LETTERS, HANDLE = "cryowatch/dead-letters.read", "cryowatch/dead-letters.write"
DECIDE = "cryowatch/adjudications.write"
READ_AUDIT = "cryowatch/audit.read"
SCOPES = frozenset(
    (
        "system/*.cruds",
        READ_EVENTS,
        READ_EVIDENCE,
        SEND_MESSAGES,
        READ_LETTERS,
        HANDLE,
        DECIDE,
        READ_AUDIT,
    )
)
"""Every scope that a door of CryoWatch asks for."""

SHORTEST_TOKEN = 16
LONGEST_TOKEN = 16 * 1024
_SMART = re.compile(r"system/(\*|[A-Z][A-Za-z]{1,63})\.(read|write|\*|c?r?u?d?s?)")
_VERSION_1 = {"read": "rs", "write": "cud", "*": "cruds"}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the client's name (``token`` for a static one, ``anybody`` where nothing is asked) and its scopes."""

    name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether the scopes cover this one: SMART scopes by resource and letters, others by equality.

        A granted scope with a search restriction (``?``) covers nothing here: the restriction couldn't be kept.
        """
        if scope in self.scopes:
            return True
        wanted = _smart(scope)
        if wanted is None:
            return False
        covered = {
            letter
            for kind, letters in map(_smart_or_none, self.scopes)
            if kind in ("*", wanted[0])
            for letter in letters
        }
        return set(wanted[1]) <= covered


class Refused(Exception):
    """A request that isn't admitted: its HTTP status (401 or 403), RFC 6750's error or none, and words for people."""

    def __init__(self, status: int, error: str, words: str, scope: str = "") -> None:
        super().__init__(error)
        self.status, self.error, self.words, self.scope = status, error, words, scope

    @property
    def challenge(self) -> str:
        """The value of the header ``WWW-Authenticate``."""
        parts = ['Bearer realm="CryoWatch"']
        if self.error:
            parts += [f'error="{self.error}"', f'error_description="{self.words}"']
        if self.scope:
            parts.append(f'scope="{self.scope}"')
        return ", ".join(parts)


class Access:
    """One door's rule. ``anonymous`` is who everybody is where neither tokens nor JWTs are set."""

    def __init__(self, tokens: tuple[bytes, ...], jwt: JwtReader | None, anonymous: frozenset[str]) -> None:
        self._tokens, self._jwt = tokens, jwt
        self._anybody = Caller("anybody", anonymous)
        self.secured = bool(tokens) or jwt is not None

    def caller(self, authorization: str | None) -> Caller:
        """Who calls, by the request's header ``Authorization``. Refused with 401 when that can't be accepted."""
        if not self.secured:
            return self._anybody
        if not authorization:
            raise Refused(401, "", "Send the header Authorization: Bearer with a token that this server accepts.")
        scheme, _, shown = authorization.partition(" ")
        shown = shown.strip()
        if scheme.lower() != "bearer" or not shown or len(shown) > LONGEST_TOKEN:
            raise Refused(401, "invalid_token", "Send the header Authorization: Bearer with one token.")
        # Every comparison takes the same time, and all are made.
        if sum(hmac.compare_digest(shown.encode("utf-8", "surrogateescape"), token) for token in self._tokens):
            return Caller("token", SCOPES)
        if self._jwt is None:
            raise Refused(401, "invalid_token", "This server doesn't know that token.")
        try:
            name, scopes = self._jwt.read(shown)
        except NotAccepted as problem:
            raise Refused(401, "invalid_token", problem.words) from None
        return Caller(name, scopes)

    def require(self, authorization: str | None, scope: str) -> Caller:
        """The caller, who may do what ``scope`` names. Refused with 401 or 403 otherwise."""
        found = self.caller(authorization)
        if not found.may(scope):
            if not self.secured:
                raise Refused(401, "", "This server has no tokens set, and doesn't allow that to everybody.")
            raise Refused(403, "insufficient_scope", f"The token doesn't carry the scope {scope}.", scope)
        return found


def access_of(settings: Settings) -> Access:
    """The rule for readers: the gateway's tokens and JWTs. WrongSetting when a file can't be used."""
    open_evidence = settings.gateway_evidence == "open"
    anonymous = SCOPES if open_evidence else SCOPES - {READ_EVIDENCE}
    return Access(_tokens(settings.gateway_token_file, "GATEWAY_TOKEN_FILE"), _jwt(settings), anonymous)


def senders_access_of(settings: Settings) -> Access:
    """The rule for who sends FHIR to the intake; its tokens are others than the readers'."""
    if settings.fhir_intake_access == "open":
        return Access((), None, frozenset((SEND_MESSAGES,)))
    access = Access(
        _tokens(settings.fhir_intake_token_file, "FHIR_INTAKE_TOKEN_FILE"), _jwt(settings), frozenset[str]()
    )
    if not access.secured:
        raise WrongSetting(
            f"{PREFIX}FHIR_INTAKE_ACCESS: token needs {PREFIX}FHIR_INTAKE_TOKEN_FILE or {PREFIX}JWT_JWKS_FILE"
        )
    return access


def _tokens(path: Path | None, setting: str) -> tuple[bytes, ...]:
    """The tokens of a file, one a line (two while one is being replaced)."""
    if path is None:
        return ()
    try:
        lines = path.read_text("utf-8").split()
    except (OSError, UnicodeDecodeError) as problem:
        raise WrongSetting(f"{PREFIX}{setting}: can't read {path} ({type(problem).__name__})") from None
    if not lines or min(map(len, lines)) < SHORTEST_TOKEN:
        raise WrongSetting(f"{PREFIX}{setting}: {path} needs tokens of at least {SHORTEST_TOKEN} characters")
    return tuple(line.encode() for line in lines)


def _jwt(settings: Settings) -> JwtReader | None:
    if settings.jwt_jwks_file is None:
        return None
    for name in ("jwt_issuer", "jwt_audience"):
        if not getattr(settings, name):
            raise WrongSetting(f"{PREFIX}{name.upper()}: JWTs need an issuer and an audience to be checked against")
    return JwtReader(settings.jwt_jwks_file, settings.jwt_issuer, settings.jwt_audience, settings.jwt_leeway)


def _smart(scope: str) -> tuple[str, str] | None:
    """Resource type and letters of a SMART system scope; None for another one."""
    found = _SMART.fullmatch(scope)
    if not found or not found[2]:
        return None
    return found[1], _VERSION_1.get(found[2], found[2])


def _smart_or_none(scope: str) -> tuple[str, str]:
    return _smart(scope) or ("", "")
