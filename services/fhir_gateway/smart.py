"""``/.well-known/smart-configuration``: where clients get the JWTs that this server takes (SMART App Launch 2.2)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.fhir_gateway.elements import Json
from services.fhir_gateway.release import Release
from services.runtime.access import READ_EVENTS, READ_EVIDENCE
from services.runtime.settings import Settings, WrongSetting

_PATH = "/.well-known/smart-configuration"


def configuration(settings: Settings) -> Json:
    """The document. The token endpoint is the authorization server's: this server issues no tokens."""
    return {
        "issuer": settings.jwt_issuer,
        "token_endpoint": settings.jwt_token_url,
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "grant_types_supported": ["client_credentials"],
        "scopes_supported": [READ_EVENTS, "system/AdverseEvent.read", READ_EVIDENCE],
        "code_challenge_methods_supported": ["S256"],  # demanded of every server; no grant here uses one
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
    }


def smart_routes(settings: Settings) -> list[Route]:
    """The document under each release's address and under the server's. WrongSetting when the endpoint isn't set."""
    if not settings.jwt_token_url.startswith(("https://", "http://")):
        raise WrongSetting(
            "CRYOWATCH_JWT_TOKEN_URL: clients must learn where to get a JWT: write the token endpoint's URL"
        )
    document = configuration(settings)

    def answer(_: Request) -> Response:
        return JSONResponse(document, headers={"Cache-Control": "public, max-age=300"})

    return [Route(prefix + _PATH, answer) for prefix in ("", *(f"/{release.value}" for release in Release))]
