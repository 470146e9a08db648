"""Enough of a Kubernetes API for helm to install, upgrade, roll back and uninstall a release.

It stores objects and refuses what the real one refuses: a second object of one name, and a
change of a Job's pod template. Nothing runs in it; that is the e2e suite's part.
"""

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

Object = dict[str, Any]

GROUPS = {
    "v1": {
        "configmaps": "ConfigMap",
        "events": "Event",
        "namespaces": "Namespace",
        "pods": "Pod",
        "secrets": "Secret",
        "services": "Service",
    },
    "apps/v1": {"deployments": "Deployment"},
    "batch/v1": {"jobs": "Job"},
    "policy/v1": {"poddisruptionbudgets": "PodDisruptionBudget"},
}
VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]


class Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        """Keep what a Status object says."""
        super().__init__(message)
        self.status, self.reason = status, reason


class Cluster:
    """The objects, by path: /api/v1/namespaces/NAMESPACE/RESOURCE/NAME."""

    def __init__(self, version: str) -> None:
        """Start empty, as the given version of Kubernetes."""
        self.version = version
        self.objects: dict[str, Object] = {}
        self.lock = threading.Lock()

    def names(self, *kinds: str) -> set[str]:
        """Return the names of all objects, or of those of these kinds; not the releases' own."""
        return {
            found["metadata"]["name"]
            for found in self.objects.values()
            if found["kind"] in kinds
            or (not kinds and found["kind"] not in ("Namespace", "Secret", "Event"))
        }

    def get(self, kind: str, name: str) -> Object:
        """Return one object."""
        (found,) = (
            item
            for item in self.objects.values()
            if item["kind"] == kind and item["metadata"]["name"] == name
        )
        return found

    def answer(
        self, method: str, path: str, query: dict[str, str], body: bytes, media: str
    ) -> Object:
        """Do what a request asks for."""
        with self.lock:
            if method == "GET":
                return self._discovered(path) or self._read(path, query)
            if method in ("POST", "PUT"):
                made = secret(body) if "protobuf" in media else yaml.safe_load(body)
                return self._created(path, made) if method == "POST" else self._stored(path, made)
            if method == "PATCH":
                patch = yaml.safe_load(body)
                if "apply" in media:
                    return self._stored(path, patch)
                return self._stored(path, merged(self._read(path, {}), patch))
            assert method == "DELETE"
            self._read(path, {})
            del self.objects[path]
            return {"kind": "Status", "apiVersion": "v1", "status": "Success"}

    def _discovered(self, path: str) -> Object | None:
        if path == "/version":
            major, minor, _ = self.version.split(".")
            return {"major": major, "minor": minor, "gitVersion": f"v{self.version}"}
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            groups = []
            for group in GROUPS:
                if "/" in group:
                    version = {"groupVersion": group, "version": group.partition("/")[2]}
                    groups.append(
                        {
                            "name": group.partition("/")[0],
                            "versions": [version],
                            "preferredVersion": version,
                        }
                    )
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        for group, resources in GROUPS.items():
            if path == (f"/apis/{group}" if "/" in group else f"/api/{group}"):
                return {
                    "kind": "APIResourceList",
                    "apiVersion": "v1",
                    "groupVersion": group,
                    "resources": [
                        {
                            "name": name,
                            "singularName": kind.lower(),
                            "kind": kind,
                            "namespaced": kind != "Namespace",
                            "verbs": VERBS,
                        }
                        for name, kind in resources.items()
                    ],
                }
        return None

    def _read(self, path: str, query: dict[str, str]) -> Object:
        if path in self.objects:
            return self.objects[path]
        resource = path.rpartition("/")[2]
        if not any(resource in resources for resources in GROUPS.values()):
            raise Refused(404, "NotFound", f"{path} not found")
        wanted = [
            pair.partition("=")[::2] for pair in query.get("labelSelector", "").split(",") if pair
        ]
        items = [
            item
            for key, item in self.objects.items()
            if key.rpartition("/")[0] == path
            and all(item["metadata"].get("labels", {}).get(k) == v for k, v in wanted)
        ]
        (kind,) = [resources[resource] for resources in GROUPS.values() if resource in resources]
        version = path.removeprefix("/apis/").removeprefix("/api/").partition("/namespaces")[0]
        return {"kind": f"{kind}List", "apiVersion": version, "metadata": {}, "items": items}

    def _created(self, path: str, made: Object) -> Object:
        key = f"{path}/{made['metadata']['name']}"
        if key in self.objects:
            raise Refused(409, "AlreadyExists", f"{key} already exists")
        return self._stored(key, made)

    def _stored(self, path: str, made: Object) -> Object:
        before = self.objects.get(path)
        if (
            before
            and made["kind"] == "Job"
            and before["spec"]["template"] != made["spec"]["template"]
        ):
            raise Refused(422, "Invalid", f"{path}: spec.template: field is immutable")
        made["metadata"].setdefault("namespace", path.split("/namespaces/")[-1].partition("/")[0])
        made["metadata"]["uid"] = path
        made["metadata"]["resourceVersion"] = "1"
        self.objects[path] = made
        return made


def secret(body: bytes) -> Object:
    """Read a Secret as Helm 4 sends it, in protobuf.

    Source: kubernetes staging/src/k8s.io/api/core/v1/generated.proto, apimachinery runtime
    (Unknown) and meta/v1 (ObjectMeta); https://protobuf.dev/programming-guides/encoding/.
    """
    envelope = _fields(body.removeprefix(b"k8s\x00"))
    message = _fields(envelope[2][0])
    metadata = _fields(message[1][0])
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": message[3][0].decode(),
        "metadata": {
            "name": metadata[1][0].decode(),
            "labels": {k.decode(): v.decode() for k, v in map(_pair, metadata.get(11, []))},
        },
        "data": {k.decode(): b64encode(v).decode() for k, v in map(_pair, message.get(2, []))},
    }


def _pair(entry: bytes) -> tuple[bytes, bytes]:
    fields = _fields(entry)
    return fields[1][0], fields[2][0]


def _fields(message: bytes) -> dict[int, list[bytes]]:
    """Split a message into its length-delimited fields; numbers are passed over."""
    fields: dict[int, list[bytes]] = {}
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        tag = number()
        size = number()
        if tag & 7 == 2:
            fields.setdefault(tag >> 3, []).append(message[at : at + size])
            at += size
    return fields


def merged(before: Any, patch: Any) -> Any:
    """Apply a strategic merge patch; list items go by their name."""
    if isinstance(before, dict) and isinstance(patch, dict):
        result = dict(before)
        for key, value in patch.items():
            if key.startswith("$"):
                continue
            if value is None:
                result.pop(key, None)
            else:
                result[key] = merged(result.get(key), value)
        return result
    if (
        isinstance(before, list)
        and isinstance(patch, list)
        and all(_named(x) for x in before + patch)
    ):
        kept = {item["name"]: item for item in before}
        for item in patch:
            if item.get("$patch") == "delete":
                kept.pop(item["name"], None)
            else:
                kept[item["name"]] = merged(kept.get(item["name"]), item)
        return list(kept.values())
    return merged({}, patch) if isinstance(patch, dict) and before is None else patch


def _named(item: Any) -> bool:
    return isinstance(item, dict) and "name" in item


@contextmanager
def running(folder: Path, version: str = "1.33.0") -> Iterator[tuple[Cluster, Path]]:
    """Serve a cluster on this machine; gives it and a kubeconfig for it."""
    cluster = Cluster(version)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            query = {key: values[-1] for key, values in parse_qs(url.query).items()}
            media = self.headers.get("Content-Type", "")
            try:
                status, answer = 200, cluster.answer(self.command, url.path, query, body, media)
            except Refused as refused:
                status = refused.status
                answer = {
                    "kind": "Status",
                    "apiVersion": "v1",
                    "status": "Failure",
                    "reason": refused.reason,
                    "message": str(refused),
                    "code": status,
                }
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kubeconfig = folder / "kubeconfig"
        kubeconfig.touch(mode=0o600)
        name = "stub"
        kubeconfig.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": name,
                    "clusters": [
                        {
                            "name": name,
                            "cluster": {"server": f"http://127.0.0.1:{server.server_port}"},
                        }
                    ],
                    "users": [{"name": name, "user": {}}],
                    "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
                }
            )
        )
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield cluster, kubeconfig
        finally:
            server.shutdown()
            thread.join()
