"""JSON Web Tokens as SMART Backend Services issues them, checked against a JWK Set in a file.

Asymmetric signatures only, so a public key can't be taken for a shared secret, and the algorithm has to be one of the
key's own kind. The key set is read again when its file changes: keys are rotated by replacing the file.
"""

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt import PyJWK

from services.runtime.settings import PREFIX, WrongSetting

ALGORITHMS = ("RS384", "ES384", "RS256", "ES256")
"""SMART Backend Services demands the first two of every server."""

_SMALLEST_RSA = 2048
_LONGEST_NAME = 200


class NotAccepted(Exception):
    """A token that isn't accepted, and why, in words that its bearer may read."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass(frozen=True, slots=True)
class _Key:
    """A public key, and the algorithms whose signatures it checks."""

    id: str | None
    public: Any
    algorithms: tuple[str, ...]


class JwtReader:
    """Reads tokens of one issuer for one audience. ``leeway``: seconds by which the issuer's clock may differ.

    WrongSetting when the key set can't be used at the start. Later, a file that can't be read leaves the keys
    as they were and is logged; a set without keys is taken at its word: no token is accepted.
    """

    def __init__(self, file: Path, issuer: str, audience: str, leeway: float) -> None:
        self._file, self._issuer, self._audience, self._leeway = file, issuer, audience, leeway
        self._lock = threading.Lock()
        self._log = structlog.get_logger()
        try:
            self._stamp = _stamp(file)
            self._keys = _keys(file)
        except (OSError, ValueError) as problem:
            raise WrongSetting(f"{PREFIX}JWT_JWKS_FILE: can't use {file} ({_why(problem)})") from None
        if not self._keys:
            raise WrongSetting(
                f"{PREFIX}JWT_JWKS_FILE: {file} holds no RSA (2048 bits or more) or EC (P-256, P-384) key"
            )

    def read(self, token: str) -> tuple[str, frozenset[str]]:
        """The client's name and its scopes; NotAccepted otherwise."""
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise NotAccepted("This server doesn't know that token.") from None
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS:
            raise NotAccepted(f"Sign the token with one of {', '.join(ALGORITHMS)}.")
        for key in self._current():
            fits = algorithm in key.algorithms and key_id in (None, key.id)
            claims = self._claims(token, key, algorithm) if fits else None
            if claims is not None:
                return _name(claims), _scopes(claims)
        raise NotAccepted("The token isn't signed with a key of its issuer.")

    def _claims(self, token: str, key: _Key, algorithm: str) -> dict[str, Any] | None:
        """The claims; None when the signature is another key's."""
        try:
            return jwt.decode(
                token,
                key.public,
                algorithms=[algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=self._leeway,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.InvalidSignatureError:
            return None
        except jwt.ExpiredSignatureError:
            raise NotAccepted("The token has expired.") from None
        except jwt.ImmatureSignatureError:
            raise NotAccepted("The token isn't valid yet.") from None
        except jwt.InvalidAudienceError:
            raise NotAccepted("The token is for another audience.") from None
        except jwt.InvalidIssuerError:
            raise NotAccepted("The token is from another issuer.") from None
        except jwt.MissingRequiredClaimError:
            raise NotAccepted("The token needs the claims exp, iss and aud.") from None
        except (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError):
            raise NotAccepted("The token can't be read.") from None

    def _current(self) -> tuple[_Key, ...]:
        with self._lock:
            stamp: tuple[int, ...] = ()
            try:
                stamp = _stamp(self._file)
                if stamp != self._stamp:
                    self._keys = _keys(self._file)
            except (OSError, ValueError) as problem:
                if stamp != self._stamp:  # said once for each state of the file
                    self._log.error("key_set_unusable", error=type(problem).__name__)
            self._stamp = stamp
            return self._keys


def _stamp(file: Path) -> tuple[int, ...]:
    found = file.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _keys(file: Path) -> tuple[_Key, ...]:
    """The keys of the set that signatures can be checked with; ValueError when the file is no set of public keys."""
    content = json.loads(file.read_bytes())
    if not isinstance(content, dict) or not isinstance(content.get("keys"), list):
        raise ValueError("it is no JWK Set")
    found = []
    for one in content["keys"]:
        if not isinstance(one, dict) or one.get("kty") not in ("RSA", "EC") or one.get("use", "sig") != "sig":
            continue
        if "d" in one:
            raise ValueError("it holds a private key, which belongs to the issuer alone")
        try:
            public = PyJWK(one, "RS256" if one["kty"] == "RSA" else None).key
        except jwt.PyJWTError:
            continue
        # A key that names its algorithm checks no other.
        algorithms = tuple(name for name in _algorithms(public) if one.get("alg") in (None, name))
        if algorithms:
            found.append(_Key(one.get("kid"), public, algorithms))
    return tuple(found)


def _algorithms(public: object) -> tuple[str, ...]:
    if isinstance(public, rsa.RSAPublicKey) and public.key_size >= _SMALLEST_RSA:
        return ("RS384", "RS256")
    if isinstance(public, ec.EllipticCurvePublicKey):
        return {"secp384r1": ("ES384",), "secp256r1": ("ES256",)}.get(public.curve.name, ())
    return ()


def _name(claims: dict[str, Any]) -> str:
    for claim in ("client_id", "azp", "appid", "sub"):
        name = claims.get(claim)
        if isinstance(name, str) and name.strip():
            return "".join(c for c in name if c.isprintable())[:_LONGEST_NAME]
    raise NotAccepted("The token names no client: it needs client_id, azp or sub.")


def _scopes(claims: dict[str, Any]) -> frozenset[str]:
    """OAuth's ``scope`` (a text) or the ``scp`` of other issuers (a text or a list)."""
    found: set[str] = set()
    for claim in ("scope", "scp"):
        value = claims.get(claim)
        words = value.split() if isinstance(value, str) else value if isinstance(value, list) else ()
        found |= {word for word in words if isinstance(word, str)}
    return frozenset(found)


def _why(problem: OSError | ValueError) -> str:
    if isinstance(problem, OSError):
        return str(problem.strerror)
    return "it is no JSON" if isinstance(problem, json.JSONDecodeError | UnicodeDecodeError) else str(problem)
