"""Who may read: bearers of a token, when one is set; everybody otherwise."""

import hmac
from pathlib import Path

from services.fhir_gateway.refusal import Refusal

SHORTEST = 16


def read_tokens(path: Path) -> tuple[bytes, ...]:
    """The tokens of a file, one a line (two while one is being replaced); SystemExit in words when there is none."""
    try:
        lines = path.read_text("utf-8").split()
    except (OSError, UnicodeDecodeError) as problem:
        raise SystemExit(f"CRYOWATCH_GATEWAY_TOKEN_FILE: can't read {path} ({type(problem).__name__})") from None
    if not lines or min(map(len, lines)) < SHORTEST:
        raise SystemExit(f"CRYOWATCH_GATEWAY_TOKEN_FILE: {path} needs tokens of at least {SHORTEST} characters")
    return tuple(line.encode() for line in lines)


def require_token(authorization: str | None, tokens: tuple[bytes, ...]) -> None:
    """Refuse with 401 whoever doesn't show one of the tokens; every comparison takes the same time."""
    scheme, _, shown = (authorization or "").partition(" ")
    given = shown.strip().encode() if scheme.lower() == "bearer" else b""
    if sum(hmac.compare_digest(given, token) for token in tokens) == 0:
        error = ', error="invalid_token"' if authorization else ""
        words = "Send the header Authorization: Bearer with a token that this server knows."
        raise Refusal(401, "login", words, {"WWW-Authenticate": f'Bearer realm="CryoWatch"{error}'})
