"""What a replica answers: the Flask app of the runtimes `flask` and `gunicorn`.

The Go server (src/server_go) answers the same; tests/server holds both to one contract.
It must not know how it is served: a runtime passes in what differs.
"""

import json
import os
import time
from collections.abc import Callable

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from long_lived.record.answer_body import AnswerBody
from long_lived.server import delay
from long_lived.server.clients import ENVIRON as CLIENT
from long_lived.server.clients import UNKNOWN
from long_lived.server.pod import pod_id
from long_lived.server.replica import Replica
from long_lived.server.runtimes.bounds import MOST_BODY_BYTES
from long_lived.settings import Settings

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"

REPLICA = "replica"
"""Where the app keeps its `Replica`, among its extensions: a runtime tells it of connections."""


def create_app(
    settings: Settings,
    replica: Replica | None = None,
    wait: Callable[[float], None] | None = None,
    *,
    socket_key: str = "",
    retire: Callable[[object], None] | None = None,
) -> Flask:
    """Make the app.

    Args:
        settings: only `server` is read.
        replica: keeps the counts; None makes one named by POD_ID.
        wait: blocks for that many seconds; None means time.sleep, looked up now, so that an
            app made after gevent's patches sleeps as a greenlet.
        socket_key: where the runtime leaves a connection's socket in the WSGI environment; without
            it each request counts as a connection of its own.
        retire: makes the answer on that socket say `Connection: close`, which gunicorn takes from
            no app; None where the runtime closes every connection.
    """
    server = settings.server
    counts = replica or Replica(pod_id(os.environ), server.runtime)
    sleep = wait or time.sleep
    app = Flask("server", static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.merge_slashes = False
    app.extensions[REPLICA] = counts

    @app.before_request
    def refuse_a_large_body() -> None:
        # None of the answers reads a body: a runtime closes the connection instead.
        if (request.content_length or 0) > MOST_BODY_BYTES:
            raise RequestEntityTooLarge

    @app.get("/")
    def answer() -> Response:
        environ = request.environ
        with counts.request(environ.get(socket_key), environ.get(CLIENT, UNKNOWN)) as arrival:
            started = time.monotonic()
            sleep(delay.delay_seconds(server.delay, environ.get(delay.ENVIRON)))
            delay_seconds = time.monotonic() - started
        retired = retire is not None and counts.connections.at_its_limit(arrival.connection)
        if retire and retired:
            retire(environ[socket_key])
        if counts.connections.watch is not None:
            announced = environ.get("HTTP_CONNECTION", "").lower() == "close"
            counts.connections.watch.answer(arrival.connection, retired, announced)
        if JSON not in request.headers.get("Accept", ""):
            return _text(f"Response from Pod {counts.pod} after {delay_seconds:.3f} s")
        connection = arrival.connection
        body: AnswerBody = {
            "pod": counts.pod,
            "runtime": counts.runtime,
            "instance": counts.instance,
            "uptime_seconds": counts.uptime_seconds,
            "delay_seconds": round(delay_seconds, 6),
            "in_flight": arrival.in_flight,
            "connection": {
                "number": connection.number,
                "age_seconds": round(counts.connections.age_seconds(connection), 6),
                "requests": connection.requests,
            },
        }
        return _json(body)

    @app.get("/healthz")
    def healthz() -> Response:
        return _text("ok")

    @app.get("/readyz")
    def readyz() -> Response:
        return _text(f"ready {counts.pod}")

    @app.get("/stats")
    def stats() -> Response:
        return _json(counts.stats().model_dump())

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> Response:
        response = _text(f"{error.code} {error.name}")
        response.status_code = error.code or 500
        if isinstance(error, MethodNotAllowed):
            response.headers["Allow"] = "GET, HEAD"
        return response

    return app


def _text(line: str) -> Response:
    return Response(line + "\n", content_type=TEXT)


def _json(content: object) -> Response:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Response(text + "\n", content_type=JSON)
