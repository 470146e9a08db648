"""The runtime `flask`: Werkzeug's development server, which closes every connection."""

from collections.abc import Callable

from long_lived.resources.limits import ThreadLimit
from long_lived.server.capacity import Capacity, plan
from long_lived.server.runtimes.runtime import Assignment, KeepAlive, Runtime
from long_lived.settings import Server, Settings


class Flask(Runtime):
    """A thread per request; a stop ends it at once."""

    name = "flask"

    def keep_alive(self, _: Server) -> KeepAlive:
        """Every answer says `Connection: close`.

        Source: WSGIRequestHandler.run_wsgi in werkzeug/serving.py, 3.1.
        """
        return KeepAlive(kept=False)

    def capacity(self, _: Server, files: int, limit: ThreadLimit | None) -> Capacity:
        """Plan a thread for each connection."""
        return plan(files, limit, threads=0)

    def prepare(self, _: Settings) -> Callable[[Assignment], None]:
        """Import Flask and Werkzeug."""
        from long_lived.server.runtimes.flask.development_server import serve

        return serve
