"""Whom the addresses on a cluster belong to: the owners of pods, and nodes."""

import ipaddress
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property

from long_lived.lab.cluster.tools.kubectl import Kubectl
from long_lived.lab.experiment.backend import Trouble

INSIDE = "inside the pod (a sidecar)"
"""Owner of a loopback address: a mesh's proxy hides who called it."""

_POD = (
    "{range .items[*]}{.metadata.namespace}|{.metadata.ownerReferences[*].kind}|"
    "{.metadata.ownerReferences[*].name}|{.metadata.labels.pod-template-hash}|{.metadata.name}|"
    "{.spec.hostNetwork}|{.status.podIPs[*].ip}{'\\n'}{end}"
)
_NODE = (
    "{range .items[*]}{.metadata.name}|{.status.addresses[*].address}|{.spec.podCIDRs[*]}"
    "{'\\n'}{end}"
)


class Addresses:
    """The addresses of pods and nodes, asked for once."""

    def __init__(self, kubectl: Kubectl) -> None:
        """Ask `kubectl`."""
        self._kubectl = kubectl
        self.notes: list[str] = []
        """What could not be found out."""

    def owners(self, addresses: Collection[str]) -> Mapping[str, str]:
        """Name whom those of `addresses` belong to that are the cluster's."""
        found = {}
        for address in addresses:
            if ipaddress.ip_address(address).is_loopback:
                found[address] = INSIDE
            elif owner := self._pods.get(address) or self._nodes.get(address):
                found[address] = owner
        return found

    def of_node(self, address: str) -> set[str]:
        """Return the addresses from which the node with `address` reaches its pods."""
        name = self._nodes.get(address)
        return {own for own, node in self._nodes.items() if node == name} if name else {address}

    @cached_property
    def _pods(self) -> dict[str, str]:
        output = ("--output", f"jsonpath={_POD}")
        try:
            text = self._kubectl.call("get", "pods", "--all-namespaces", *output)
        except Trouble as trouble:
            self.notes.append(f"clients in other namespaces have no names: {trouble}")
            text = self._kubectl.call("get", "pods", *output)
        return dict(_pod_owners(text.splitlines()))

    @cached_property
    def _nodes(self) -> dict[str, str]:
        try:
            text = self._kubectl.call("get", "nodes", "--output", f"jsonpath={_NODE}")
        except Trouble as trouble:
            self.notes.append(f"nodes have no names: {trouble}")
            return {}
        return dict(_node_owners(text.splitlines()))


def _pod_owners(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        namespace, kinds, names, template_hash, name, host_network, addresses = line.split("|")
        if host_network == "true":
            continue  # its address is the node's
        kind, owner = (kinds.split() or [""])[0], (names.split() or [""])[0]
        if kind == "ReplicaSet" and template_hash:
            kind, owner = "Deployment", owner.removesuffix(f"-{template_hash}")
        shown = f"{kind.lower()}/{owner}" if owner else f"pod/{name}"
        for address in addresses.split():
            yield address, f"{shown} in {namespace}"


def _node_owners(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        name, addresses, ranges = line.split("|")
        own = [address for address in addresses.split() if _is_address(address)]
        # The bridge or veth of many network plug-ins has the first address of the node's range.
        own += [
            str(ipaddress.ip_network(one, strict=False)[1])
            for one in ranges.replace('"', " ").replace("[", " ").replace("]", " ").split()
        ]
        for address in own:
            yield address, f"node {name} (NAT, or the host's network)"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False  # a host name
    return True
