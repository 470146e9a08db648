"""What requests do to the cluster's objects, refused where the real API refuses."""

import copy
from typing import Any

import yaml

from . import defaults, kinds, patches, protobuf, selectors
from .kinds import Object
from .objects import Objects

KEPT_BY_API = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "ownerReferences",
)
"""Metadata that no request can change."""


class Refused(Exception):
    """A failure, as the API answers it."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        """Keep the parts of a Status object."""
        super().__init__(message)
        self.status, self.reason = status, reason


class Cluster(Objects):
    """The objects, and the answer to each request for them."""

    def answer(
        self, method: str, path: str, query: dict[str, str], body: bytes, media: str
    ) -> Object:
        """Do what a request asks for.

        Raises:
            Refused: the request cannot be carried out.
        """
        with self.changed:
            if found := kinds.discovered(path):
                return found
            where = kinds.place(path)
            if where and where.part == "scale":
                return self._scale(where, _read(body or b"{}"), method)
            if where and where.part == "ephemeralcontainers" and method == "PATCH":
                return self._joined(where, _read(body))
            if where is None or where.part:
                raise Refused(404, "NotFound", "the server could not find the requested resource")
            if method == "GET":
                return self.find(where) if where.name else self._listed(where, query)
            if method in ("POST", "PUT"):
                made = protobuf.decoded(body) if "protobuf" in media else _read(body)
                made["metadata"].setdefault("namespace", where.namespace)
                return self._made(where, made)
            if method == "PATCH":
                patch, force = _read(body), query.get("force") == "true"
                if "apply" in media:
                    return self._apply(where, patch, force=force)
                return self._made(where, patches.merged(self.find(where), patch))
            if method == "DELETE":
                # Helm sends its options in protobuf, and none of them matters.
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
        chosen = selectors.chosen(query)
        self.listings += where.kind.name == "Pod"
        return {
            "kind": f"{where.kind.name}List",
            "apiVersion": where.kind.group,
            "metadata": {"resourceVersion": str(len(self.history))},
            "items": [item for item in self.all(where.kind.name, where.namespace) if chosen(item)],
        }

    def _made(self, where: kinds.Place, made: Object) -> Object:
        made = copy.deepcopy(made)
        if not where.kind.namespaced:
            made["metadata"].pop("namespace", None)
        before = self.objects.get(kinds.path_of(made))
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
        made = self._made(where, made)
        self._applied[path] = patch
        if "replicas" in patch.get("spec", {}):
            self._scaled.pop(path, None)
        return made

    def _refuse_conflict(self, path: str, patch: Object) -> None:
        """Refuse to take over, by applying, a number of replicas that somebody else has set.

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
        """Return the Scale of a Deployment, changed if asked for."""
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

    def _joined(self, where: kinds.Place, patch: Object) -> Object:
        """Start ephemeral containers, or say why one cannot, in the kubelet's words."""
        pod = patches.merged(self.find(where), patch)
        states = []
        for container in pod["spec"]["ephemeralContainers"]:
            context = container["securityContext"]
            state: Object = {"running": {}}
            if context["runAsNonRoot"] and not context.get("runAsUser"):
                text = "container has runAsNonRoot and image will run as root"
                state = {"waiting": {"reason": "CreateContainerConfigError", "message": text}}
            elif "nowhere" in container["image"]:
                text = f'Back-off pulling image "{container["image"]}"'
                state = {"waiting": {"reason": "ImagePullBackOff", "message": text}}
            states.append({"name": container["name"], "state": state})
        pod["status"]["ephemeralContainerStatuses"] = states
        return self.put(pod)

    def _deleted(self, where: kinds.Place, options: Object | None) -> Object:
        found = self.find(where)
        left = self.delete(found, (options or {}).get("gracePeriodSeconds"))
        if left["kind"] == "Pod":
            return left
        details = {"name": where.name, "kind": where.kind.resource, "uid": left["metadata"]["uid"]}
        return {"kind": "Status", "apiVersion": "v1", "status": "Success", "details": details}


def _read(body: bytes) -> Any:
    """Read a request's YAML or JSON; PyYAML's own parser is ten times slower than libyaml's."""
    return yaml.load(body, yaml.CSafeLoader)
