"""TLS of the client's connections."""

import ssl
from urllib.parse import urlsplit

from long_lived.settings import Client, SettingsError

NO_PASSPHRASE = "long-lived"
"""Given for a key that has one, so that OpenSSL does not ask the terminal."""


def context(settings: Client) -> ssl.SSLContext | None:
    """Make what all connections of a client share; None where they are not encrypted.

    Raises:
        SettingsError: a file that the settings name cannot be used.
    """
    if not settings.secure:
        return None
    tls = settings.target.tls
    try:
        made = ssl.create_default_context(cafile=tls.ca_file or None)
    except (OSError, ValueError) as error:
        raise _unusable("caFile", tls.ca_file, error, "certificates in PEM") from None
    made.set_alpn_protocols(["http/1.1"])
    if tls.insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if tls.cert_file:
        try:
            made.load_cert_chain(tls.cert_file, tls.key_file or None, lambda: NO_PASSPHRASE)
        except (OSError, ValueError) as error:
            what = "a certificate and its key, without a passphrase, in PEM"
            raise _unusable("certFile", tls.cert_file, error, what) from None
    return made


def server_name(settings: Client, url: str) -> str:
    """Return the name that a certificate must be for."""
    named = f"//{settings.target.host}" if settings.target.host else url
    return urlsplit(named).hostname or ""


def _unusable(key: str, file: str, error: Exception, what: str) -> SettingsError:
    reason = error.strerror if isinstance(error, FileNotFoundError | PermissionError) else error
    return SettingsError(f"client.target.tls.{key} = {file}: {reason}; must be a file with {what}")
