"""What runs in a pod: the command, environment and files of its only container."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import pods
from .kinds import Object
from .network import Network
from .store import Cluster

NAMES = Path(__file__).parent / "names"


class NotYet(Exception):
    """The container cannot be made yet, for this reason."""


@dataclass(frozen=True)
class Container:
    """What to start."""

    command: list[str]
    environment: dict[str, str]
    probed: tuple[str, int, str] | None
    """Address, port and path of the readiness probe."""


def container(
    cluster: Cluster, network: Network, pod: Object, address: str, folder: Path
) -> Container:
    """Prepare a pod's container, with its files in `folder`.

    Raises:
        NotYet: something that it needs is missing.
    """
    spec = pods.own_container(pod)
    mounts = _mounted(cluster, pod, spec, folder)
    arguments = [_local(argument, mounts) for argument in spec.get("args", [])]
    environment = {entry["name"]: _value(entry, pod, address) for entry in spec.get("env", [])} | {
        "PYTHONPATH": os.pathsep.join([str(NAMES), os.environ.get("PYTHONPATH", "")]),
        "CLUSTER_NAMES": str(network.names_file(pod["metadata"]["namespace"])),
        "TMPDIR": str(folder),
    }
    if spec.get("command"):
        program = [sys.executable if part == "python" else part for part in spec["command"]]
        return Container([*program, *arguments], environment, None)
    module = "server" if "server" in spec["image"].rpartition("/")[2] else "client"
    command = [sys.executable, "-m", f"long_lived.{module}", *arguments]
    if module == "client":
        return Container([*command, "--source-address", address], environment, None)
    with cluster.changed:
        listeners = network.listeners(pod, address)
    command.append("--reuse-port")
    for host, port in listeners:
        command += ["--bind", f"{host}:{port}"]
    probe = spec.get("readinessProbe", {}).get("httpGet")
    return Container(command, environment, (*listeners[-1], probe["path"]) if probe else None)


def _mounted(cluster: Cluster, pod: Object, spec: Object, folder: Path) -> dict[str, Path]:
    """Write the ConfigMaps' files; return the local folder of each mount path."""
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes", [])}
    mounts = {}
    for mount in spec.get("volumeMounts", []):
        source = volumes[mount["name"]].get("configMap")
        if not source:
            continue
        maps = cluster.all("ConfigMap", pod["metadata"]["namespace"])
        found = [item for item in maps if item["metadata"]["name"] == source["name"]]
        if not found:
            raise NotYet("ContainerCreating")
        local = folder / mount["name"]
        local.mkdir(parents=True, exist_ok=True)
        for name, text in found[0].get("data", {}).items():
            (local / name).write_text(text, encoding="utf-8")
        mounts[mount["mountPath"]] = local
    return mounts


def _local(argument: str, mounts: dict[str, Path]) -> str:
    for path, local in mounts.items():
        if argument.startswith(f"{path}/"):
            return str(local / argument.removeprefix(f"{path}/"))
    return argument


def _value(entry: dict[str, Any], pod: Object, address: str) -> str:
    if "valueFrom" not in entry:
        return str(entry.get("value", ""))
    fields = {
        "metadata.name": pod["metadata"]["name"],
        "metadata.namespace": pod["metadata"]["namespace"],
        "status.podIP": address,
    }
    return str(fields[entry["valueFrom"]["fieldRef"]["fieldPath"]])
