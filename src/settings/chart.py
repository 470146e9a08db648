"""The values that only Helm and Kubernetes read: images, placement, resources.

They live beside the maps `server`, `client` and `experiment`, never in them, so
that each of those goes whole into the apps' values file. A free-form map (labels,
security contexts, affinity, …) is passed on to Kubernetes as it is.
"""

from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin

from pydantic import AfterValidator, Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from long_lived.settings.section import Section, WholeSeconds

DnsLabel = Annotated[
    str, StringConstraints(max_length=63, pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$")
]
ServiceName = Annotated[
    str, StringConstraints(max_length=63, pattern=r"^([a-z]([-a-z0-9]*[a-z0-9])?)?$")
]
"""Kubernetes wants a Service's name to start with a letter."""
Strings = dict[str, str]
SELECTOR_LABELS = (
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/component",
    "long-lived/generation",
)
"""Labels that tell the chart's pods apart: Services, Deployment and the lab select them."""
CONTROLLER_LABELS = (
    "pod-template-hash",
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "batch.kubernetes.io/job-completion-index",
)
"""Labels that Kubernetes gives the pods of a Deployment and of a Job, to find them again."""
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
FreeForm = dict[str, Any]
Quantities = dict[str, str | float]
CountOrPercent = (
    Annotated[int, Field(ge=0)] | Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}%$")]
)
CountOrPercentOrEmpty = (
    Annotated[int, Field(ge=0)] | Annotated[str, StringConstraints(pattern=r"^([0-9]{1,3}%)?$")]
)
ProbePeriod = Annotated[
    int, Field(ge=1, le=3600, description="Time from one probe to the next, in seconds.")
]
ProbeTimeout = Annotated[
    int, Field(ge=1, le=3600, description="Longest wait for an answer, in seconds.")
]
ProbeFailures = Annotated[
    int, Field(ge=1, le=10_000, description="Failures in a row that count as failed.")
]
Repository = Annotated[
    str, Field(min_length=1, description="Name of the image below the registry.")
]
Tag = Annotated[str, Field(description="Tag of the image. Empty means the chart's appVersion.")]
Digest = Annotated[
    str,
    Field(
        pattern=r"^(sha256:[0-9a-f]{64})?$",
        description="Digest of the image; wins over the tag. Empty means by tag.",
    ),
]

SafeSysctlName = Literal[
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_syncookies",
]
"""Source: kubernetes pkg/apis/policy and the Pod Security Standard "restricted"."""


def _without(*keys: str) -> AfterValidator:
    """Refuse a map with one of these keys.

    The schema leaves that to the templates: of a refused key Helm 4 names the wrong map.
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


def _without_default(schema: dict[str, Any]) -> None:
    """Take the default None out of a schema: the key is absent from values.yaml."""
    del schema["default"]


class PullSecret(Section):
    """A Secret with registry credentials."""

    name: Annotated[str, StringConstraints(min_length=1)]
    """Name of the Secret."""


class ServerImage(Section):
    """The server's image, built from `Dockerfile`."""

    repository: Repository = "long-lived-server"
    tag: Tag = ""
    digest: Digest = ""


class ClientImage(Section):
    """The client's image, built from `Dockerfile_client`."""

    repository: Repository = "long-lived-client"
    tag: Tag = ""
    digest: Digest = ""


class Images(Section):
    """Where the two images come from."""

    registry: str = ""
    """Registry, and path in it, in front of both repositories. Empty means the images that the
    nodes hold already, as after `make kind-load`."""

    pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    """When a node fetches an image."""

    pull_secrets: list[PullSecret] = Field(default=[])
    """Secrets with registry credentials, as `- name: SECRET`."""

    server: ServerImage = ServerImage()
    """The server's image, built from `Dockerfile`."""

    client: ClientImage = ClientImage()
    """The client's image, built from `Dockerfile_client`."""


class Service(Section):
    """The Service that the client calls."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = "ClusterIP"
    """Type of the Service. The client calls its cluster IP in any case."""

    port: Annotated[int, Field(ge=1, le=65_535)] = 80
    """TCP port of the Service."""

    session_affinity: Literal["None", "ClientIP"] = "None"
    """`ClientIP` sends every connection of one client pod to the same server pod: with fewer
    client pods than replicas some replicas then get nothing."""

    session_affinity_timeout_seconds: Annotated[int, Field(ge=1, le=86_400)] = 10_800
    """How long `ClientIP` remembers a client without connections, in seconds."""

    traffic_distribution: Literal["", "PreferClose", "PreferSameZone", "PreferSameNode"] = ""
    """Which server pods get connections first: those near the client, from Kubernetes 1.31 on (the
    latter two from 1.34 on). The spread is then uneven by design. Empty means all alike."""

    internal_traffic_policy: Literal["", "Cluster", "Local"] = ""
    """`Local` sends connections only to server pods on the client's node, and uneven by design.
    Empty means Kubernetes' own, `Cluster`."""

    ip_family_policy: Literal["", "SingleStack", "PreferDualStack", "RequireDualStack"] = ""
    """Whether both Services have one address family or two. Empty means Kubernetes' own,
    `SingleStack`."""

    ip_families: list[Literal["IPv4", "IPv6"]] = Field(
        default=[], max_length=2, json_schema_extra={"uniqueItems": True}
    )
    """Address families of both Services, the first one first. Empty means the cluster's."""

    annotations: Strings = Field(default={})
    """Annotations of the Service."""


class Resources(Section):
    """What a container asks for, and what it may use at most."""

    requests: Quantities = Field(default={})
    """What the scheduler sets aside."""

    limits: Quantities = Field(default={})
    """What the container may use at most."""


class Sysctl(Section):
    """One kernel setting of a pod."""

    name: SafeSysctlName
    """Name, from the sysctls that restricted Pod Security allows."""

    value: Annotated[str, StringConstraints(min_length=1)]
    """Value, quoted: "1024 65535"."""


class StartupProbe(Section):
    """Probe of /healthz until the server answers for the first time."""

    period_seconds: ProbePeriod = 1
    timeout_seconds: ProbeTimeout = 5
    failure_threshold: ProbeFailures = 120


class LivenessProbe(Section):
    """Probe of /healthz; a failure restarts the container."""

    period_seconds: ProbePeriod = 30
    timeout_seconds: ProbeTimeout = 30
    failure_threshold: ProbeFailures = 6


class ReadinessProbe(Section):
    """Probe of /readyz; a failure takes the pod out of the Service."""

    period_seconds: ProbePeriod = 5
    timeout_seconds: ProbeTimeout = 15
    failure_threshold: ProbeFailures = 6


class Pod(Section):
    """What the pods of both kinds have in common."""

    labels: PodLabels = Field(default={})
    """Further labels of the pods; none that the chart or Kubernetes sets."""

    annotations: Strings = Field(default={})
    """Annotations of the pods."""

    extra_env: list[FreeForm] = Field(default=[])
    """Further environment variables, as in a container's `env`; none named POD_ID or LONG_LIVED_…,
    for which there are values."""

    extra_env_from: list[FreeForm] = Field(default=[])
    """Sources of further environment variables, as in a container's `envFrom`. They must hold no
    LONG_LIVED__… keys, which would win over the values unseen."""

    extra_volumes: list[FreeForm] = Field(default=[])
    """Further volumes, as in a pod's `volumes`; none named `settings` or `tmp`."""

    extra_volume_mounts: list[FreeForm] = Field(default=[])
    """Where the container has them, as in its `volumeMounts`; not at /tmp, nor at or below
    /etc/long-lived."""

    sysctls: list[Sysctl] = Field(default=[])
    """Safe kernel settings, as `- name: net.ipv4.ip_local_port_range` with
    `value: "1024 65535"`."""

    pod_security_context: FreeForm = Field(
        default={
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
    )
    """Security context of the pods. On OpenShift set runAsUser and runAsGroup to null."""

    container_security_context: FreeForm = Field(
        default={
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }
    )
    """Security context of the containers."""

    node_selector: Strings = Field(default={})
    """Labels that a node must have."""

    tolerations: list[FreeForm] = Field(default=[])
    """Taints that the pods tolerate."""

    affinity: FreeForm = Field(default={})
    """Affinity of the pods."""

    topology_spread_constraints: list[FreeForm] = Field(
        default=[
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
            }
        ]
    )
    """How the pods spread over nodes. A constraint without labelSelector gets the pods' own."""

    priority_class_name: str = ""
    """Priority class of the pods. Empty means the cluster's default."""

    runtime_class_name: str = ""
    """Runtime class of the pods. Empty means the cluster's default."""


class ServerPod(Pod):
    """The server's pods, beyond what the app reads."""

    annotations: ServerAnnotations = Field(default={})
    """Annotations of the pods."""

    resources: Resources = Resources(
        requests={"cpu": "100m", "memory": "128Mi"}, limits={"memory": "1Gi"}
    )
    """Resources of a server container. The memory request fits 1,000 requests in flight on one
    replica (measured with the kernel's share: 90 MB), the limit 10,000 (490 MB with `flask`,
    620 MB with `gunicorn`). There is no CPU limit by default, because throttling distorts the
    times."""

    pre_stop_sleep_seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    """How long a pod that is deleted serves on before it gets SIGTERM, in whole seconds, so that
    the Service has forgotten it by then: the `sleep` action from Kubernetes 1.34 on, the command
    before. 0 means not at all."""

    termination_grace_period_seconds: WholeSeconds = 0
    """Time from the deletion of a pod to SIGKILL, in whole seconds; above preStopSleepSeconds. 0
    means what the longest drain takes (server.gracefulTimeoutSeconds) plus preStopSleepSeconds plus
    5."""

    startup_probe: StartupProbe = StartupProbe()
    """Probe of /healthz until the server answers for the first time."""

    liveness_probe: LivenessProbe = LivenessProbe()
    """Probe of /healthz; a failure restarts the container. Patient enough for 10,000 requests
    in flight on one pod."""

    readiness_probe: ReadinessProbe = ReadinessProbe()
    """Probe of /readyz; a failure takes the pod out of the Service. Patient enough for the burst
    in which 10,000 connections arrive."""


class ClientPod(Pod):
    """The client's pods, beyond what the app reads."""

    annotations: Strings = Field(
        default={
            "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
            "karpenter.sh/do-not-disrupt": "true",
        }
    )
    """Annotations of the pods. The default asks node autoscalers to let a run finish."""

    termination_grace_period_seconds: WholeSeconds = 0
    """Time from SIGTERM, at which a client writes its summary, to SIGKILL, in whole seconds. 0
    means Kubernetes' own 30."""

    resources: Resources = Resources(
        requests={"cpu": "250m", "memory": "128Mi"}, limits={"memory": "1Gi"}
    )
    """Resources of a client container. The memory request fits 1,000 virtual users (measured with
    the kernel's share: 90 MB), the limit 10,000 (620 MB with `threads`, 390 MB with `gevent`).
    There is no CPU limit by default, because throttling distorts the times."""


class TestPod(Section):
    """The pod of `helm test`, placed as the client's pods are."""

    __test__: ClassVar[bool] = False  # for pytest, which takes the name for a test's

    resources: Resources = Resources(
        requests={"cpu": "50m", "memory": "64Mi"}, limits={"cpu": "1", "memory": "256Mi"}
    )
    """Resources of the container. A namespace with a quota lets only pods in that state all that it
    counts."""


class Job(Section):
    """The client's Job."""

    name_suffix: Literal["revision", "settings"] = "revision"
    """What the names of the Job and its ConfigMap end with, so that a run with other settings is
    another Job: `revision`, that of the release, which makes every upgrade a run, or `settings`, a
    hash of all that the Job is made of, for tools that render without a release (`helm template`,
    Argo CD) and so always see revision 1."""

    ttl_seconds_after_finished: Annotated[int, Field(ge=0)] = 0
    """Seconds after which a finished Job is deleted, and the logs of its pods with it: by then
    `make verify` must have begun to follow it. 0 means never, and not at once as in Kubernetes,
    where `make verify` could only say that the run is gone."""

    annotations: Strings = Field(default={})
    """Annotations of the Job."""


class UpdateStrategy(Section):
    """How the server's Deployment replaces its pods."""

    type: Literal["RollingUpdate", "Recreate"] = "RollingUpdate"
    """`RollingUpdate` starts new pods beside the old ones, `Recreate` after them. The Services lead
    to pods of the new settings alone in either case."""

    max_surge: CountOrPercentOrEmpty = ""
    """Most pods above server.replicas meanwhile, as a number or as a percentage. Empty means
    Kubernetes' own 25%."""

    max_unavailable: CountOrPercentOrEmpty = ""
    """Most pods below server.replicas meanwhile, as a number or as a percentage. Empty means
    Kubernetes' own 25%. Not 0 together with maxSurge."""


class Autoscaling(Section):
    """A HorizontalPodAutoscaler for the server, which then owns the number of its pods."""

    enabled: bool = False
    """Whether there is one. server.replicas is then the fewest replicas, which the client waits
    for, and the Deployment names no number."""

    max_replicas: Annotated[int, Field(ge=1, le=1000)] = 10
    """Most replicas; not below server.replicas."""

    target_cpu_percent: Annotated[int, Field(ge=0, le=1000)] = 80
    """Mean CPU use of the pods that it aims at, in percent of serverPod.resources.requests.cpu. 0
    means that CPU does not count."""

    metrics: list[FreeForm] = Field(default=[])
    """Further metrics, as in its `metrics`."""

    behavior: FreeForm = Field(default={})
    """How fast it may scale, as in its `behavior`. Empty means Kubernetes' own."""


class ServiceAccount(Section):
    """The service account of all pods; none of them gets its token."""

    create: bool = False
    """Whether the chart makes one."""

    name: Annotated[
        str,
        StringConstraints(max_length=253, pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$"),
    ] = ""
    """Name of the account. Empty means release and application name where the chart makes it, and
    the namespace's `default` elsewhere."""

    annotations: Strings = Field(default={})
    """Annotations of the account that the chart makes."""


class NetworkPolicy(Section):
    """Network policies: the server is called by client and test alone, and calls nobody."""

    enabled: bool = False
    """Whether there are any. The client and the test may call the server, and name servers on port
    53."""

    server_ingress: list[FreeForm] = Field(default=[])
    """Who else may call the server, as in a policy's `ingress`."""

    client_egress: list[FreeForm] = Field(default=[])
    """What else client and test may call, as in a policy's `egress`; needed with a client.url."""


class PodDisruptionBudget(Section):
    """Protection of the server's pods from evictions (node drains, autoscalers)."""

    enabled: bool = False
    """Whether there is one."""

    max_unavailable: CountOrPercent = 1
    """Most server pods that may be evicted at a time, as a number or as a percentage."""


class ChartValues(Section):
    """The chart's own keys."""

    images: Images = Images()
    """Where the two images come from."""

    service: Service = Service()
    """The Service that the client calls."""

    server_pod: ServerPod = ServerPod()
    """The server's pods, beyond what the app reads."""

    client_pod: ClientPod = ClientPod()
    """The client's pods, beyond what the app reads."""

    test_pod: TestPod = TestPod()
    """The pod of `helm test`, placed as the client's pods are."""

    job: Job = Job()
    """The client's Job."""

    pod_disruption_budget: PodDisruptionBudget = PodDisruptionBudget()
    """Protection of the server's pods from evictions."""

    update_strategy: UpdateStrategy = UpdateStrategy()
    """How the server's Deployment replaces its pods."""

    autoscaling: Autoscaling = Autoscaling()
    """A HorizontalPodAutoscaler for the server, which then owns the number of its pods."""

    service_account: ServiceAccount = ServiceAccount()
    """The service account of all pods; none of them gets its token."""

    network_policy: NetworkPolicy = NetworkPolicy()
    """Network policies: the server is called by client and test alone, and calls nobody."""

    name_override: DnsLabel = ""
    """Name of the application in names and labels. Empty means the chart's name."""

    fullname_override: ServiceName = ""
    """Start of all object names. Empty means release and application name."""

    common_labels: CommonLabels = Field(default={})
    """Labels of every object and pod; none that the chart or Kubernetes sets."""

    common_annotations: CommonAnnotations = Field(default={})
    """Annotations of every object but the pods; none that Helm reads."""

    global_: FreeForm = Field(default={}, alias="global")
    """Passed by parent charts. This chart reads imageRegistry and imagePullSecrets from it; what
    images.registry says wins, and the Secrets of images.pullSecrets come first."""

    enabled: bool | SkipJsonSchema[None] = Field(default=None, json_schema_extra=_without_default)
    """For the `condition` of a parent chart, which asks for this key by habit. It has no default,
    which would win over the parent's tags; this chart refuses false when it is rendered."""


def takes_text(path: str) -> bool:
    """Tell whether text, be it all digits, is what a key path of the chart's own wants.

    Helm's --set makes a number of digits, --set-string does not. What Kubernetes alone
    understands (a security context) is left to --set.
    """
    wanted: Any = ChartValues
    for part in path.split("."):
        key = part.partition("[")[0]
        if get_origin(wanted) is dict:
            wanted = get_args(wanted)[1]
        elif isinstance(wanted, type) and issubclass(wanted, Section):
            found = (field for field in wanted.model_fields.values() if field.alias == key)
            wanted = next((field.annotation for field in found), None)
            if get_origin(wanted) is list:
                wanted = get_args(wanted)[0]
    return wanted is str or str in get_args(wanted)
