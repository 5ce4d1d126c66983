"""TLS for what listens: contexts from files named in the settings, and what is wrong with the files in words."""

import ssl
from pathlib import Path

from services.runtime.settings import PREFIX, Settings, WrongSetting

DOORS = ("mllp", "fhir_intake", "gateway", "desk")


def server_context(settings: Settings, door: str) -> ssl.SSLContext | None:
    """The context of a door (one of :data:`DOORS`); None where no certificate is set.

    TLS 1.2 at least. With a client authority set, a client without a certificate from it is refused in the handshake.
    WrongSetting when a file can't be used.
    """
    cert: Path | None = getattr(settings, f"{door}_tls_cert_file")
    key: Path | None = getattr(settings, f"{door}_tls_key_file")
    client_ca: Path | None = getattr(settings, f"{door}_tls_client_ca_file")
    name = f"{PREFIX}{door.upper()}_TLS"
    if cert is None:
        if key or client_ca:
            raise WrongSetting(f"{name}_CERT_FILE: without a certificate there is no TLS; set it or none of the three")
        return None
    if key is None:
        raise WrongSetting(f"{name}_KEY_FILE: the certificate needs its private key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load_identity(context, cert, key, f"{name}_CERT_FILE", f"{name}_KEY_FILE")
    if client_ca is not None:
        load_authorities(context, client_ca, f"{name}_CLIENT_CA_FILE")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def load_identity(context: ssl.SSLContext, cert: Path, key: Path, cert_setting: str, key_setting: str) -> None:
    """Load a certificate and its key; WrongSetting when they can't be read or don't belong together."""
    for path, setting in ((cert, cert_setting), (key, key_setting)):
        _readable(path, setting)
    try:
        context.load_cert_chain(cert, key, password=lambda: "")  # a key with a passphrase fails, instead of asking
    except ssl.SSLError as problem:
        if problem.reason == "KEY_VALUES_MISMATCH":
            raise WrongSetting(f"{key_setting}: {key} isn't the key of the certificate {cert}") from None
        raise WrongSetting(
            f"{cert_setting}, {key_setting}: {cert} must be a PEM certificate, {key} its PEM key without a passphrase"
        ) from None


def load_authorities(context: ssl.SSLContext, path: Path, setting: str) -> None:
    """Trust the authorities of a PEM file; WrongSetting when it can't be used."""
    _readable(path, setting)
    try:
        context.load_verify_locations(path)
    except ssl.SSLError:
        raise WrongSetting(f"{setting}: {path} holds no PEM certificate") from None


def _readable(path: Path, setting: str) -> None:
    try:
        path.open("rb").close()
    except OSError as problem:
        raise WrongSetting(f"{setting}: can't read {path} ({problem.strerror})") from None
