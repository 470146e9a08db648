"""One request of the kind that is going to be sent, before any load: what cannot work is said once.

It goes over a connection of its own, which no account contains.
"""

import ssl

from long_lived.client.clock import Clock
from long_lived.client.engines.engine import Run
from long_lived.client.transport.adapter import Transport
from long_lived.client.transport.connections import ConnectionBook
from long_lived.client.transport.errors import cause, classify
from long_lived.client.transport.exchange import Exchange
from long_lived.client.transport.pool import counted_pool
from long_lived.client.transport.resolver import Resolver
from long_lived.record.error_kind import ErrorKind
from long_lived.record.lines import printable
from long_lived.settings import Settings


def fault(run: Run) -> str | None:
    """Send one request; return a line that says why no answer to it counts, or None."""
    book = ConnectionBook(Clock(), lambda _: None)
    settings, url = run.settings, run.asked.url
    pool = counted_pool(
        *(book, Resolver(), settings.client), tls=run.tls, server_name=run.server_name
    )
    try:
        Exchange(settings, run.asked, run.expected).perform(Transport(url, pool, 0))
    except Exception as error:
        kind = classify(error)
        if kind is ErrorKind.CLIENT_ERROR:
            raise
        return printable(run.asked.hide(f"{url} {_words(kind, error, settings)}"))
    return None


def _words(kind: ErrorKind, error: Exception, settings: Settings) -> str:
    target, seconds = settings.client.target, settings.client.timeouts.connect_seconds
    match kind:
        case ErrorKind.NAME_UNRESOLVED:
            return f"cannot be reached: its name has no address ({kind})"
        case ErrorKind.CONNECT_REFUSED:
            return f"cannot be reached: nothing listens there, or nothing is ready ({kind})"
        case ErrorKind.CONNECT_TIMEOUT:
            return f"cannot be reached: no connection within {seconds:g} s ({kind})"
        case ErrorKind.TLS_FAILED:
            refused = cause(error, ssl.SSLCertVerificationError)
            if refused is None:
                reason = cause(error, ssl.SSLError)
                why = getattr(reason, "reason", None) or reason
                return f"speaks no TLS with this client: {why} ({kind})"
            why = str(refused.verify_message).rstrip(".")
            return f"has a certificate that does not hold: {why} ({kind}; client.target.tls)"
        case ErrorKind.HTTP_STATUS:
            return f"answers with {error}, expected is client.target.status = {target.status}"
        case ErrorKind.BAD_ANSWER:
            if target.identity == "pod":
                return (
                    f"does not answer as servers of ours: {error}; client.target.identity must say "
                    "how it names its replica (--identity header:NAME, json:KEY, regex:PATTERN) or "
                    "none"
                )
            told = " ".join(str(error).split())
            return f"answers, but {told} (client.target.identity = {target.identity})"
    return f"gives no answer: {kind}"
