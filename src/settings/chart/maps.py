"""Maps with keys of the user's own: labels, annotations, and what Kubernetes alone understands."""

from typing import Annotated, Any

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

Strings = dict[str, str]
FreeForm = dict[str, Any]
"""Passed to Kubernetes unchanged."""

SELECTOR_LABELS = (
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/component",
    "long-lived/generation",
)
"""Labels that tell the chart's pods apart: Services, Deployment and the lab select by them."""
CONTROLLER_LABELS = (
    "pod-template-hash",
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "batch.kubernetes.io/job-completion-index",
)
"""Labels by which Kubernetes finds the pods of a Deployment or a Job again."""
OBJECT_LABELS = ("app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart")
HELM_ANNOTATIONS = (
    "helm.sh/hook",
    "helm.sh/hook-delete-policy",
    "helm.sh/hook-output-log-policy",
    "helm.sh/hook-weight",
    "meta.helm.sh/release-name",
    "meta.helm.sh/release-namespace",
)
"""Annotations that make an object a hook, or tell Helm whose it is."""


def _without(*keys: str) -> AfterValidator:
    """Refuse a map with one of these keys.

    The schema leaves that to the templates, because Helm 4 would name the wrong map.
    """

    def refuse(found: Strings) -> Strings:
        for key in keys:
            if key in found:
                raise PydanticCustomError("reserved", "", {"key": key})
        return found

    return AfterValidator(refuse)


PodLabels = Annotated[Strings, _without(*SELECTOR_LABELS, *CONTROLLER_LABELS)]
CommonLabels = Annotated[Strings, _without(*SELECTOR_LABELS, *CONTROLLER_LABELS, *OBJECT_LABELS)]
CommonAnnotations = Annotated[Strings, _without(*HELM_ANNOTATIONS)]
ServerAnnotations = Annotated[Strings, _without("checksum/settings")]
