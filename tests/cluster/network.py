"""Addresses and ports: each pod and each Service has a loopback address.

A Service's pods share one port at its address (SO_REUSEPORT): the kernel picks a listener for each
new connection, at random. It is another port where the Service selects otherwise, so that pods
with the old labels get no new connections, as behind kube-proxy.
"""

import json
import os
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import pods, selectors
from .kinds import Object
from .store import Cluster

PODS_PER_NET = 250


class Network:
    """All addresses of a cluster. The caller holds the cluster's lock."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        """Choose a net of 127.0.0.0/8; files with names go to `folder`."""
        self._cluster = cluster
        self._folder = folder
        self._net = f"127.{random.randrange(10, 250)}"
        self._pods = 0
        self._services = 0
        self._reserved: dict[tuple[str, str], socket.socket] = {}
        self._pod_ports: dict[str, dict[int, int]] = {}

    @contextmanager
    def open(self) -> Iterator["Network"]:
        """Keep all ports reserved until the end."""
        try:
            yield self
        finally:
            for reservation in self._reserved.values():
                reservation.close()

    def assign_address(self, service: Object) -> None:
        """Give a new Service its address, unless it is headless."""
        self._services += 1
        service["spec"].setdefault("clusterIP", f"{self._net}.0.{self._services}")

    def new_pod_address(self) -> str:
        """Return an address that no pod has had."""
        self._pods += 1
        return f"{self._net}.{1 + self._pods // PODS_PER_NET}.{1 + self._pods % PODS_PER_NET}"

    def names_file(self, namespace: str) -> Path:
        """Return the file by which pods of a namespace resolve names."""
        return self._folder / f"{namespace}.names.json"

    def listeners(self, pod: Object, address: str) -> list[tuple[str, int]]:
        """Return where a server pod must listen: for each of its Services, then at its own address.

        The last one is its own.
        """
        shared = [
            (service["spec"]["clusterIP"], self._port(service))
            for service in self._cluster.all("Service", pod["metadata"]["namespace"])
            if selectors.matches(service["spec"].get("selector"), pod) and not _headless(service)
        ]
        own = shared[0][1] if shared else self._reserve(address, "")
        container = pods.own_container(pod)
        self._pod_ports[address] = {
            port["containerPort"]: own for port in container.get("ports", [])
        }
        self.reconcile()
        return [*shared, (address, own)]

    def pod_port(self, address: str, port: int) -> int:
        """Return the real port of a pod that declares `port`."""
        return self._pod_ports[address][port]

    def reconcile(self) -> None:
        """Write the names that pods resolve."""
        for namespace in {pod["metadata"]["namespace"] for pod in self._cluster.all("Pod")}:
            self._write_names(namespace)

    def _write_names(self, namespace: str) -> None:
        addresses: dict[str, list[str]] = {}
        ports = {
            f"{address}:{port}": own
            for address, own_ports in self._pod_ports.items()
            for port, own in own_ports.items()
        }
        for service in self._cluster.all("Service", namespace):
            name, spec = service["metadata"]["name"], service["spec"]
            addresses[name] = self._ready(service) if _headless(service) else [spec["clusterIP"]]
            if not _headless(service):
                for port in spec["ports"]:
                    ports[f"{spec['clusterIP']}:{port['port']}"] = self._port(service)
        text = json.dumps({"addresses": addresses, "ports": ports})
        file = self.names_file(namespace)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            draft = file.with_suffix(".draft")
            draft.write_text(text, encoding="utf-8")
            os.replace(draft, file)

    def _ready(self, service: Object) -> list[str]:
        return [
            pod["status"]["podIP"]
            for pod in self._cluster.all("Pod", service["metadata"]["namespace"])
            if selectors.matches(service["spec"].get("selector"), pod)
            and pods.is_ready(pod)
            and not pods.is_leaving(pod)
        ]

    def _port(self, service: Object) -> int:
        selector = json.dumps(service["spec"].get("selector"), sort_keys=True)
        return self._reserve(service["spec"]["clusterIP"], selector)

    def _reserve(self, address: str, selector: str) -> int:
        """Return the port of a selector at an address, at first a free one."""
        if (address, selector) not in self._reserved:
            # Bound but not listening: reserves the port and takes no connections.
            reservation = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            reservation.bind((address, 0))
            self._reserved[address, selector] = reservation
        port: int = self._reserved[address, selector].getsockname()[1]
        return port


def _headless(service: Object) -> bool:
    return service["spec"].get("clusterIP") == "None"
