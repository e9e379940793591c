"""Who may log in to the listener, and the server's half of TLS."""

from __future__ import annotations

import hmac
import ssl
from collections.abc import Mapping

from mailcase.config import Config, Smtp
from mailcase.config.errors import ConfigError
from mailcase.config.secrets import read_password


def read_passwords(config: Config) -> dict[str, tuple[str, str]]:
    """(agent's name, password) by login in lower case: the name and each address. Empty where AUTH is off.

    Raises ConfigError where a password file cannot be read.
    """
    found: dict[str, tuple[str, str]] = {}
    if config.smtp is None or not config.smtp.auth:
        return found
    for agent in config.agent:
        if agent.password_file is not None:
            password = read_password(agent.password_file)
            for login in (agent.name, agent.address, *agent.aliases):
                found[login.casefold()] = agent.name, password
    return found


def authenticate(passwords: Mapping[str, tuple[str, str]], login: bytes, password: bytes) -> str:
    """The agent's name, or "" for a wrong login or password; both take the same time (S36)."""
    name, expected = passwords.get(login.decode("utf-8", "replace").casefold(), ("", ""))
    right = hmac.compare_digest(expected.encode(), password)
    return name if right and expected else ""


def server_context(smtp: Smtp) -> ssl.SSLContext | None:
    """The context for STARTTLS or implicit TLS with the operator's certificate, or None where TLS is off.

    TLS 1.2 or newer (RFC 8314 section 4.1). Raises ConfigError where the certificate or the key is missing or wrong.
    """
    if smtp.tls == "none":
        return None
    if smtp.tls_certificate is None:
        raise ConfigError(f"[smtp] tls = {smtp.tls!r} needs tls_certificate and tls_key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(smtp.tls_certificate, smtp.tls_key)
    except OSError as error:  # ssl.SSLError is one, too
        raise ConfigError(
            f"[smtp] tls_certificate {smtp.tls_certificate} with tls_key {smtp.tls_key} cannot be loaded "
            f"({error.strerror or error}); name a PEM certificate and its key that the daemon's user can read"
        ) from None
    return context
