"""The API's description of itself: just enough that clients leave validation to the server.

helm and kubectl look for a patch operation of each kind that takes `fieldValidation`; where there
is one, they do not ask for the schema of the objects.
Source: kubernetes staging/src/k8s.io/cli-runtime/pkg/resource/query_param_verifier_v3.go.
"""

from .kinds import KINDS, Object

PARAMETER = {"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}


def document(path: str) -> Object | None:
    """Return the document at `path`, or None."""
    if path == "/openapi/v3":
        roots = {kind.root.removeprefix("/") for kind in KINDS}
        return {
            "paths": {root: {"serverRelativeURL": f"/openapi/v3/{root}?hash=1"} for root in roots}
        }
    root = path.removeprefix("/openapi/v3")
    paths = {}
    for kind in KINDS:
        if kind.root == root != path:
            group, _, version = kind.group.rpartition("/")
            named = {"group": group, "version": version, "kind": kind.name}
            patch = {
                "x-kubernetes-group-version-kind": named,
                "parameters": [PARAMETER],
                "responses": {},
            }
            paths[kind.path("{namespace}", "{name}")] = {"patch": patch}
    if not paths:
        return None
    return {"openapi": "3.0.0", "info": {"title": "miniature", "version": "1"}, "paths": paths}
