"""A watch: the changes of some objects from a version on, as they happen."""

import json
import time
from collections.abc import Iterator

from . import kinds, selectors
from .kinds import Object
from .objects import Change
from .store import Cluster

IDLE_SECONDS = 0.5


def lines(cluster: Cluster, where: kinds.Place, query: dict[str, str]) -> Iterator[bytes]:
    """Yield each event as a line of JSON, until the request's timeoutSeconds or the cluster's end.

    Without a version to start from, these are all events ever.
    Source: https://kubernetes.io/docs/reference/using-api/api-concepts/, "Efficient detection of
    changes" and "Streaming lists".
    """
    watch = _Watch(where, query)
    deadline = time.monotonic() + float(query.get("timeoutSeconds", "3600"))
    since = int(query.get("resourceVersion") or 0)
    with cluster.changed:
        reached = len(cluster.history)
        seen = [(change.version, watch.see(change)) for change in cluster.history]
    events = [event for version, some in seen if version > since for event in some]
    if query.get("sendInitialEvents") == "true":
        annotations = {"k8s.io/initial-events-end": "true"}
        metadata = {"resourceVersion": str(reached), "annotations": annotations}
        mark = {"kind": where.kind.name, "apiVersion": where.kind.group, "metadata": metadata}
        events.append({"type": "BOOKMARK", "object": mark})
    while True:
        yield b"".join(json.dumps(event).encode() + b"\n" for event in events)
        with cluster.changed:
            if len(cluster.history) == reached and not cluster.stopped:
                cluster.changed.wait(IDLE_SECONDS)
            if cluster.stopped or time.monotonic() > deadline:
                return
            events = [event for change in cluster.history[reached:] for event in watch.see(change)]
            reached = len(cluster.history)


class _Watch:
    """The objects that the watcher knows of; one that no longer matches is gone for it."""

    def __init__(self, where: kinds.Place, query: dict[str, str]) -> None:
        self._where = where
        self._matches = selectors.chosen(query)
        self._known: set[str] = set()

    def see(self, change: Change) -> list[Object]:
        """Take in a change; return the watcher's event, if it has one."""
        found = change.object
        if found["kind"] != self._where.kind.name or self._where.namespace not in (
            "",
            found["metadata"].get("namespace"),
        ):
            return []
        known = change.path in self._known
        if change.type == "DELETED" or not self._matches(found):
            self._known.discard(change.path)
            return [{"type": "DELETED", "object": found}] if known else []
        self._known.add(change.path)
        return [{"type": "MODIFIED" if known else "ADDED", "object": found}]
