"""The maps `serverPod`, `clientPod`, `proxyPod` and `testPod`."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from long_lived.settings.chart.maps import FreeForm, PodLabels, ServerAnnotations, Strings
from long_lived.settings.sections.section import Section, WholeSeconds

Quantities = dict[str, str | float]
ProbePeriod = Annotated[
    int, Field(ge=1, le=3600, description="Time from one probe to the next, in seconds.")
]
ProbeTimeout = Annotated[
    int, Field(ge=1, le=3600, description="Longest wait for an answer, in seconds.")
]
ProbeFailures = Annotated[
    int, Field(ge=1, le=10_000, description="Failures in a row that make the probe fail.")
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


class Resources(Section):
    """What a container asks for, and the most that it may use."""

    requests: Quantities = Field(default={})
    """What the scheduler sets aside."""

    limits: Quantities = Field(default={})
    """The most that the container may use."""


class StartupProbe(Section):
    """Probe of /healthz until the server answers for the first time."""

    period_seconds: ProbePeriod = 1
    timeout_seconds: ProbeTimeout = 5
    failure_threshold: ProbeFailures = 120


class LivenessProbe(Section):
    """Probe of /healthz; a failure restarts the container.

    Patient enough for 10,000 requests in flight on one pod.
    """

    period_seconds: ProbePeriod = 30
    timeout_seconds: ProbeTimeout = 30
    failure_threshold: ProbeFailures = 6


class ReadinessProbe(Section):
    """Probe of /readyz; a failure takes the pod out of the Service.

    Patient enough for the burst in which 10,000 connections arrive.
    """

    period_seconds: ProbePeriod = 5
    timeout_seconds: ProbeTimeout = 15
    failure_threshold: ProbeFailures = 6


class Sysctl(Section):
    """One kernel setting of a pod."""

    name: SafeSysctlName
    """Name, from the sysctls that restricted Pod Security allows."""

    value: Annotated[str, Field(min_length=1)]
    """Value, quoted: "1024 65535"."""


class Pod(Section):
    """What both kinds of pods have in common."""

    labels: PodLabels = Field(default={})
    """More labels of the pods; none that the chart or Kubernetes sets."""

    annotations: Strings = Field(default={})
    """Annotations of the pods."""

    extra_env: list[FreeForm] = Field(default=[])
    """More environment variables, as in a container's `env`; none named POD_ID or LONG_LIVED_…,
    which are set by values of their own."""

    extra_env_from: list[FreeForm] = Field(default=[])
    """Sources of more environment variables, as in a container's `envFrom`. They must not contain
    LONG_LIVED__… keys, which would silently override the values."""

    extra_volumes: list[FreeForm] = Field(default=[])
    """More volumes, as in a pod's `volumes`; none named `settings` or `tmp`."""

    extra_volume_mounts: list[FreeForm] = Field(default=[])
    """Where the container mounts them, as in its `volumeMounts`; not at /tmp, nor at or below
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
    """The server's pods, apart from what the app reads."""

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
    """How long a deleted pod keeps serving before it gets SIGTERM, in whole seconds, so that the
    Service has forgotten it by then: by the `sleep` action from Kubernetes 1.34, by the command
    in older versions. 0 means not at all."""

    termination_grace_period_seconds: WholeSeconds = 0
    """Time from the deletion of a pod to SIGKILL, in whole seconds; above preStopSleepSeconds. 0
    means the longest drain (server.gracefulTimeoutSeconds) plus preStopSleepSeconds plus 5."""

    startup_probe: StartupProbe = StartupProbe()
    liveness_probe: LivenessProbe = LivenessProbe()
    readiness_probe: ReadinessProbe = ReadinessProbe()


class ClientPod(Pod):
    """The client's pods, apart from what the app reads."""

    annotations: Strings = Field(
        default={
            "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
            "karpenter.sh/do-not-disrupt": "true",
        }
    )
    """Annotations of the pods. The default asks node autoscalers to let a run finish."""

    termination_grace_period_seconds: WholeSeconds = 0
    """Time from SIGTERM, at which a client writes its summary, to SIGKILL, in whole seconds. 0
    means Kubernetes' default, 30."""

    resources: Resources = Resources(
        requests={"cpu": "250m", "memory": "128Mi"}, limits={"memory": "1Gi"}
    )
    """Resources of a client container. The memory request fits 1,000 virtual users (measured with
    the kernel's share: 90 MB), the limit 10,000 (620 MB with `threads`, 390 MB with `gevent`).
    There is no CPU limit by default, because throttling distorts the times."""


class ProxyPod(Section):
    """The pods of server.proxy `haproxy`, placed and probed as the server's pods are."""

    replicas: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of proxies. Each balances the requests of the connections that it has."""

    cluster_domain: Annotated[
        str, StringConstraints(max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
    ] = "cluster.local"
    """The cluster's DNS domain: HAProxy looks the replicas up by their full name."""

    resources: Resources = Resources(
        requests={"cpu": "100m", "memory": "64Mi"}, limits={"memory": "1Gi"}
    )
    """Resources of a proxy's container."""


class TestPod(Section):
    """The pod of `helm test`, placed as the client's pods are."""

    __test__: ClassVar[bool] = False  # or pytest would take it for a test

    resources: Resources = Resources(
        requests={"cpu": "50m", "memory": "64Mi"}, limits={"cpu": "1", "memory": "256Mi"}
    )
    """Resources of the container. A namespace with a quota admits only pods that state everything
    that it counts."""
