"""The kinds of objects that the cluster knows: their names, paths and discovery."""

import re
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

VERSION = "1.33.0"
VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]


@dataclass(frozen=True)
class Kind:
    """A kind, under its name in a path (`resource`) and in an object (`name`)."""

    group: str
    resource: str
    name: str

    @property
    def namespaced(self) -> bool:
        """Whether its objects belong to namespaces."""
        return self.name not in ("Namespace", "Node")

    @property
    def root(self) -> str:
        """Start of its paths."""
        return f"/apis/{self.group}" if "/" in self.group else f"/api/{self.group}"

    @property
    def full_resource(self) -> str:
        """Return the resource as error messages name it: pods, deployments.apps."""
        group, slash, _ = self.group.partition("/")
        return f"{self.resource}.{group}" if slash else self.resource

    def path(self, namespace: str, name: str = "") -> str:
        """Return the path of an object or, without a name, of all objects of the kind."""
        within = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{self.root}{within}/{self.resource}" + (f"/{name}" if name else "")


KINDS = (
    Kind("v1", "configmaps", "ConfigMap"),
    Kind("v1", "events", "Event"),
    Kind("v1", "namespaces", "Namespace"),
    Kind("v1", "nodes", "Node"),
    Kind("v1", "pods", "Pod"),
    Kind("v1", "secrets", "Secret"),
    Kind("v1", "serviceaccounts", "ServiceAccount"),
    Kind("v1", "services", "Service"),
    Kind("apps/v1", "deployments", "Deployment"),
    Kind("apps/v1", "replicasets", "ReplicaSet"),
    Kind("autoscaling/v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
    Kind("batch/v1", "jobs", "Job"),
    Kind("discovery.k8s.io/v1", "endpointslices", "EndpointSlice"),
    Kind("monitoring.coreos.com/v1", "podmonitors", "PodMonitor"),
    Kind("monitoring.coreos.com/v1", "prometheusrules", "PrometheusRule"),
    Kind("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy"),
    Kind("policy/v1", "poddisruptionbudgets", "PodDisruptionBudget"),
)
BY_NAME = {kind.name: kind for kind in KINDS}
BY_RESOURCE = {(kind.root, kind.resource): kind for kind in KINDS}

_PATH = re.compile(
    r"(?P<root>/api/v1|/apis/[^/]+/[^/]+)"
    r"(?:/namespaces/(?P<namespace>[^/]+))?"
    r"/(?P<resource>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<part>.+))?)?"
)


@dataclass(frozen=True)
class Place:
    """What a path points at: a kind's objects, one of them, or a part of one (`log`, `scale`)."""

    kind: Kind
    namespace: str
    name: str
    part: str


def place(path: str) -> Place | None:
    """Parse a path; return None if its kind is unknown."""
    match = _PATH.fullmatch(path)
    kind = match and BY_RESOURCE.get((match["root"], match["resource"]))
    if not match or not kind:
        return None
    return Place(kind, match["namespace"] or "", match["name"] or "", match["part"] or "")


def path_of(found: Object) -> str:
    """Return the path of an object."""
    metadata = found["metadata"]
    return BY_NAME[found["kind"]].path(metadata.get("namespace", ""), metadata["name"])


def discovered(path: str) -> Object | None:
    """Answer what a client asks first: version, groups and kinds."""
    if path == "/version":
        major, minor, _ = VERSION.split(".")
        return {"major": major, "minor": minor, "gitVersion": f"v{VERSION}"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": _groups()}
    kinds = [kind for kind in KINDS if kind.root == path]
    if not kinds:
        return None
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": kinds[0].group,
        "resources": [
            {
                "name": kind.resource,
                "singularName": kind.name.lower(),
                "kind": kind.name,
                "namespaced": kind.namespaced,
                "verbs": VERBS,
            }
            for kind in kinds
        ]
        + [
            {
                "name": f"{kind.resource}/scale",
                "singularName": "",
                "kind": "Scale",
                "group": "autoscaling",
                "version": "v1",
                "namespaced": True,
                "verbs": ["get", "patch", "update"],
            }
            for kind in kinds
            if kind.name == "Deployment"
        ],
    }


def _groups() -> list[Object]:
    groups = []
    for group in dict.fromkeys(kind.group for kind in KINDS if "/" in kind.group):
        name, _, version = group.partition("/")
        served = {"groupVersion": group, "version": version}
        groups.append({"name": name, "versions": [served], "preferredVersion": served})
    return groups
