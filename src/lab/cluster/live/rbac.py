"""The permissions that `long-lived inspect` needs, as manifests to apply."""

NAME = "long-lived-inspect"

NAMESPACED = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {name}
  namespace: {namespace}
rules:
  # Which pods serve, and since when.
  - apiGroups: [""]
    resources: [services, pods]
    verbs: [get, list]
  - apiGroups: [discovery.k8s.io]
    resources: [endpointslices]
    verbs: [list]
  - apiGroups: [apps]
    resources: [deployments, statefulsets, daemonsets, replicasets]
    verbs: [get]
  # To read /proc/net/tcp in them (kubectl exec POD -- cat). RBAC cannot narrow that down.
  - apiGroups: [""]
    resources: [pods/exec]
    verbs: [create]
{debug}---
# Names of clients in other namespaces, and of nodes. Without it these stay addresses.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {name}
rules:
  - apiGroups: [""]
    resources: [pods, nodes]
    verbs: [list]
"""

DEBUG = """\
  # For --debug-image: an ephemeral container beside those of a pod.
  - apiGroups: [""]
    resources: [pods/ephemeralcontainers]
    verbs: [patch]
"""


def manifests(namespace: str, *, debug: bool) -> str:
    """Return the roles; bindings are left to whoever knows the users."""
    return NAMESPACED.format(name=NAME, namespace=namespace, debug=DEBUG if debug else "")
