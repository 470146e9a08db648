"""The cluster's objects: kept, versioned, and refused where the real API refuses.

An object in the store is never changed, only replaced: whoever got one has a snapshot. Every change
has a number, which is the object's resourceVersion, and stays in `history` for those that watch.
"""

import copy
import socket
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from . import defaults, kinds, patches, protobuf, selectors
from .kinds import Object

KEPT_BY_API = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "ownerReferences",
)
"""Metadata that no request can change."""


class Refused(Exception):
    """An answer that is a failure."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        """Keep what a Status object says."""
        super().__init__(message)
        self.status, self.reason = status, reason


@dataclass(frozen=True)
class Change:
    """One change of one object: ADDED, MODIFIED or DELETED."""

    version: int
    type: str
    path: str
    object: Object


class Cluster:
    """The objects, by path: /api/v1/namespaces/NAMESPACE/RESOURCE/NAME. Thread-safe.

    Nothing runs here: a pod stays as it was made, and goes at once.
    """

    def __init__(self) -> None:
        """Start with the namespace `default`."""
        self.objects: dict[str, Object] = {}
        self.history: list[Change] = []
        self.changed = threading.Condition(threading.RLock())
        """The lock of everything here; notified after each change and at the end."""
        self.stopped = False
        self.connections: set[socket.socket] = set()
        """The open connections of clients."""
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
        """Return all objects of a kind, in the order of their making."""
        with self.changed:
            return [
                item
                for item in self.objects.values()
                if item["kind"] == kind and namespace in ("", item["metadata"].get("namespace"))
            ]

    def put(self, made: Object) -> Object:
        """Make or replace an object as it stands, but for what the API itself fills in."""
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
        """Change a copy of what an object is now, and store it; nothing where it is gone."""
        with self.changed:
            now = self.objects.get(kinds.path_of(found))
            if now is None or now["metadata"]["uid"] != found["metadata"]["uid"]:
                return
            after = copy.deepcopy(now)
            alter(after)
            self.put(after)

    def delete(self, found: Object, grace_seconds: int | None = None) -> Object:
        """Delete an object as a request does; return what is left of it, or of what it was."""
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
        """Take an object away at once."""
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
        """End everything that waits for changes."""
        with self.changed:
            self.stopped = True
            self.changed.notify_all()

    def cut_connections(self) -> None:
        """Cut what every client has open: its logs and watches end, as on a bad network."""
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is closed already

    def admit(self, made: Object) -> None:
        """Change or refuse a new object as admission does; here nothing."""

    def answer(
        self, method: str, path: str, query: dict[str, str], body: bytes, media: str
    ) -> Object:
        """Do what a request asks for.

        Raises:
            Refused: the request cannot be done.
        """
        with self.changed:
            if found := kinds.discovered(path):
                return found
            where = kinds.place(path)
            if where and where.part == "scale":
                return self._scale(where, _read(body or b"{}"), method)
            if where is None or where.part:
                raise Refused(404, "NotFound", "the server could not find the requested resource")
            if "dryRun" in query:
                raise Refused(400, "BadRequest", "there is no dry run here")
            if method == "GET":
                return self.find(where) if where.name else self._listed(where, query)
            if method in ("POST", "PUT"):
                try:
                    made = protobuf.decoded(body) if "protobuf" in media else _read(body)
                except ValueError as error:
                    raise Refused(415, "UnsupportedMediaType", str(error)) from None
                made["metadata"].setdefault("namespace", where.namespace)
                return self._made(where, made, new=method == "POST")
            if method == "PATCH":
                patch, force = _read(body), query.get("force") == "true"
                if "apply" in media:
                    return self._apply(where, patch, force=force)
                return self._made(where, patches.merged(self.find(where), patch), new=False)
            if method == "DELETE":
                # Helm sends its options in protobuf, and there none that matter.
                options = {} if "protobuf" in media else _read(body or b"{}")
                return self._deleted(where, options)
            raise Refused(405, "MethodNotAllowed", f"{method} is not supported here")

    def find(self, where: kinds.Place) -> Object:
        """Return the object at a place.

        Raises:
            Refused: there is none.
        """
        found = self.objects.get(where.kind.path(where.namespace, where.name))
        if found is None:
            text = f'{where.kind.full_resource} "{where.name}" not found'
            raise Refused(404, "NotFound", text)
        return found

    def _listed(self, where: kinds.Place, query: dict[str, str]) -> Object:
        try:
            chosen = selectors.chosen(query)
        except ValueError as error:
            raise Refused(400, "BadRequest", str(error)) from None
        return {
            "kind": f"{where.kind.name}List",
            "apiVersion": where.kind.group,
            "metadata": {"resourceVersion": str(len(self.history))},
            "items": [item for item in self.all(where.kind.name, where.namespace) if chosen(item)],
        }

    def _made(self, where: kinds.Place, made: Object, *, new: bool) -> Object:
        made = copy.deepcopy(made)
        if not where.kind.namespaced:
            made["metadata"].pop("namespace", None)
        before = self.objects.get(kinds.path_of(made))
        if before and new:
            text = f'{where.kind.full_resource} "{made["metadata"]["name"]}" already exists'
            raise Refused(409, "AlreadyExists", text)
        if before is None:
            namespace = made["metadata"].get("namespace")
            if namespace and kinds.BY_NAME["Namespace"].path("", namespace) not in self.objects:
                raise Refused(404, "NotFound", f'namespaces "{namespace}" not found')
            return self.put(made)
        for key in KEPT_BY_API:
            made["metadata"].pop(key, None)
            if key in before["metadata"]:
                made["metadata"][key] = before["metadata"][key]
        if "status" in before:
            made["status"] = before["status"]
        defaults.fill_in(made)
        if made["kind"] == "Job" and before["spec"]["template"] != made["spec"]["template"]:
            text = f'Job.batch "{where.name}" is invalid: spec.template: field is immutable'
            raise Refused(422, "Invalid", text)
        return self.put(made)

    def _apply(self, where: kinds.Place, patch: Object, *, force: bool) -> Object:
        path = where.kind.path(where.namespace, where.name)
        patch["metadata"].setdefault("namespace", where.namespace)
        if not force:
            self._refuse_conflict(path, patch)
        made = patches.applied(self.objects.get(path), self._applied.get(path), patch)
        made = self._made(where, made, new=False)
        self._applied[path] = patch
        if "replicas" in patch.get("spec", {}):
            self._scaled.pop(path, None)
        return made

    def _refuse_conflict(self, path: str, patch: Object) -> None:
        """Refuse to take over, by applying, the number of replicas that somebody else has set.

        Source: kubernetes apimachinery/pkg/util/managedfields/internal/conflict.go.
        """
        wanted = patch.get("spec", {}).get("replicas")
        if wanted is not None and self._scaled.get(path, wanted) != wanted:
            raise Refused(
                409,
                "Conflict",
                'Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" '
                "using apps/v1: .spec.replicas",
            )

    def _scale(self, where: kinds.Place, patch: Object, method: str) -> Object:
        """Return the Scale of a Deployment, changed where that is asked for."""
        found = self.find(where)
        if method != "GET":
            replicas = patch["spec"]["replicas"]
            self.change(found, lambda item: item["spec"].update(replicas=replicas))
            self._scaled[kinds.path_of(found)] = replicas
            found = self.find(where)
        return {
            "kind": "Scale",
            "apiVersion": "autoscaling/v1",
            "metadata": {key: found["metadata"][key] for key in ("name", "namespace", "uid")},
            "spec": {"replicas": found["spec"]["replicas"]},
            "status": {"replicas": found.get("status", {}).get("replicas", 0)},
        }

    def _deleted(self, where: kinds.Place, options: Object | None) -> Object:
        found = self.find(where)
        left = self.delete(found, (options or {}).get("gracePeriodSeconds"))
        if left["kind"] == "Pod":
            return left
        details = {"name": where.name, "kind": where.kind.resource, "uid": left["metadata"]["uid"]}
        return {"kind": "Status", "apiVersion": "v1", "status": "Success", "details": details}


def timestamp(at: datetime | None = None) -> str:
    """Return a moment, or now, as the API writes it."""
    return (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(body: bytes) -> Any:
    """Read a request's YAML or JSON; PyYAML's own parser is ten times slower than libyaml's."""
    return yaml.load(body, yaml.CSafeLoader)
