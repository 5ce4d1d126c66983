"""An issuer of JWTs for tests: its keys, its key set, and tokens as they should be or with something changed."""

import json
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from services.runtime.settings import Settings

ISSUER, AUDIENCE = "https://issuer.example", "https://cryowatch.example/r4"


class Issuer:
    """An authorization server with one key. Its key set is a file that can be replaced."""

    def __init__(self, folder: Path, algorithm: str = "ES384", key_id: str | None = "k1", bits: int = 2048) -> None:
        self.algorithm, self.key_id = algorithm, key_id
        if algorithm.startswith("RS"):
            self.key: Any = rsa.generate_private_key(65537, bits)
            self._jwk = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
        else:
            self.key = ec.generate_private_key(ec.SECP384R1() if algorithm == "ES384" else ec.SECP256R1())
            self._jwk = json.loads(ECAlgorithm.to_jwk(self.key.public_key()))
        self.file = folder / "jwks.json"

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key as a JWK."""
        return self._jwk | ({"kid": self.key_id} if self.key_id else {}) | {"use": "sig"}

    def publish(self, *others: "Issuer") -> Path:
        """Write the key set of this issuer's key and the others'."""
        self.file.write_text(json.dumps({"keys": [one.jwk for one in (self, *others)]}))
        return self.file

    def token(self, scope: str | None = "system/AdverseEvent.rs", *, algorithm: str = "", **claims: Any) -> str:
        """A signed token. A claim given as None is left out."""
        now = time.time()
        said = {"iss": ISSUER, "aud": AUDIENCE, "exp": now + 300, "client_id": "ehr-1", "scope": scope} | claims
        headers = {"kid": self.key_id} if self.key_id else {}
        present = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(present, self.key, algorithm or self.algorithm, headers)

    def settings(self, **changed: Any) -> Settings:
        """Settings that accept this issuer."""
        return Settings(
            **{
                "jwt_jwks_file": self.file,
                "jwt_issuer": ISSUER,
                "jwt_audience": AUDIENCE,
                "jwt_token_url": f"{ISSUER}/token",
            }
            | changed
        )
