"""The cluster's objects: kept and versioned.

An object is never changed, only replaced: whoever holds one has a snapshot. Every change has a
number, which is the object's resourceVersion, and stays in `history` for those that watch.
"""

import copy
import socket
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from . import defaults, kinds
from .kinds import Object


@dataclass(frozen=True)
class Change:
    """One change of one object: ADDED, MODIFIED or DELETED."""

    version: int
    type: str
    path: str
    object: Object


class Objects:
    """The objects, by path: /api/v1/namespaces/NAMESPACE/RESOURCE/NAME. Thread-safe.

    Nothing runs: a pod stays as it was made, and goes at once.
    """

    def __init__(self) -> None:
        """Start with the namespace `default`."""
        self.objects: dict[str, Object] = {}
        self.history: list[Change] = []
        self.changed = threading.Condition(threading.RLock())
        """The lock of all this; notified after each change and at the end."""
        self.stopped = False
        self.connections: set[socket.socket] = set()
        """The open connections of clients."""
        self.listings = 0
        """How often pods have been listed for a client."""
        self._applied: dict[str, Object] = {}
        self._scaled: dict[str, int] = {}
        """The replicas that `kubectl scale` gave a Deployment, which then owns their number."""
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}
        self.put(namespace | {"status": {"phase": "Active"}})

    def names(self, *wanted: str) -> set[str]:
        """Return the names of all objects, or of those of these kinds; not the releases' own."""
        return {
            found["metadata"]["name"]
            for found in list(self.objects.values())
            if found["kind"] in wanted
            or (not wanted and found["kind"] not in ("Namespace", "Secret", "Event"))
        }

    def get(self, kind: str, name: str) -> Object:
        """Return one object."""
        (found,) = (item for item in self.all(kind) if item["metadata"]["name"] == name)
        return found

    def all(self, kind: str, namespace: str = "") -> list[Object]:
        """Return all objects of a kind, in the order of creation."""
        with self.changed:
            return [
                item
                for item in self.objects.values()
                if item["kind"] == kind and namespace in ("", item["metadata"].get("namespace"))
            ]

    def put(self, made: Object) -> Object:
        """Create or replace an object as given, apart from what the API itself fills in."""
        with self.changed:
            path = kinds.path_of(made)
            before = self.objects.get(path)
            made = copy.deepcopy(made)
            metadata = made["metadata"]
            if before is None:
                self.admit(made)
                metadata.setdefault("uid", str(uuid.uuid4()))
                metadata.setdefault("creationTimestamp", timestamp())
                defaults.fill_in(made)
            renewed = before is None or before.get("spec") != made.get("spec")
            generation = before["metadata"]["generation"] if before else 0
            metadata["generation"] = generation + (1 if renewed else 0)
            if before is not None:
                metadata["resourceVersion"] = before["metadata"]["resourceVersion"]
                if made == before:
                    return before
            version = len(self.history) + 1
            metadata["resourceVersion"] = str(version)
            self.objects[path] = made
            self._record(Change(version, "MODIFIED" if before else "ADDED", path, made))
            return made

    def change(self, found: Object, alter: Callable[[Object], None]) -> None:
        """Change a copy of an object's current state, and store it; do nothing if it is gone."""
        with self.changed:
            now = self.objects.get(kinds.path_of(found))
            if now is None or now["metadata"]["uid"] != found["metadata"]["uid"]:
                return
            after = copy.deepcopy(now)
            alter(after)
            self.put(after)

    def delete(self, found: Object, grace_seconds: int | None = None) -> Object:
        """Delete an object like a request; return what is left of it, or what it was."""
        with self.changed:
            over = found.get("status", {}).get("phase") in ("Succeeded", "Failed")
            if found["kind"] != "Pod" or over:
                grace_seconds = 0
            elif grace_seconds is None:
                grace_seconds = found["spec"]["terminationGracePeriodSeconds"]
            if not grace_seconds:
                self.remove(found)
                return found
            before = found["metadata"].get("deletionGracePeriodSeconds")
            if before is None or grace_seconds < before:

                def mark(pod: Object) -> None:
                    at = datetime.now(UTC) + timedelta(seconds=grace_seconds)
                    pod["metadata"]["deletionTimestamp"] = timestamp(at)
                    pod["metadata"]["deletionGracePeriodSeconds"] = grace_seconds

                self.change(found, mark)
            return self.objects[kinds.path_of(found)]

    def remove(self, found: Object) -> None:
        """Remove an object at once."""
        with self.changed:
            path = kinds.path_of(found)
            now = self.objects.get(path)
            if now is None or now["metadata"]["uid"] != found["metadata"]["uid"]:
                return
            del self.objects[path]
            self._applied.pop(path, None)
            version = len(self.history) + 1
            last = copy.deepcopy(now)
            last["metadata"]["resourceVersion"] = str(version)
            self._record(Change(version, "DELETED", path, last))

    def _record(self, change: Change) -> None:
        self.history.append(change)
        self.changed.notify_all()

    def stop(self) -> None:
        """End whatever waits for changes."""
        with self.changed:
            self.stopped = True
            self.changed.notify_all()

    def cut_connections(self) -> None:
        """Cut all clients' connections: logs and watches end, as on a bad network."""
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is closed already

    def admit(self, made: Object) -> None:
        """Change or refuse a new object like admission; by default do nothing."""


def timestamp(at: datetime | None = None) -> str:
    """Return a moment, by default now, as the API writes it."""
    return (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
