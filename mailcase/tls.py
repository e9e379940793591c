"""The one place where TLS client contexts are made: certificates are verified unless the operator said otherwise."""

from __future__ import annotations

import ssl


def client_context(*, insecure: bool = False) -> ssl.SSLContext:
    """A context for connections that we open (RFC 8314): TLS 1.2 or newer, chain and host name verified.

    The trusted roots are the system's; a private authority is added with the environment variable SSL_CERT_FILE.
    `insecure` switches verification off: only for a setting of that name, never as a default.
    """
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
