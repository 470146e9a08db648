"""What a cluster is, as far as it may be read: versions, and how its Service balances."""

import json
import re

from long_lived.lab.cluster.tools.kubectl import Kubectl, Place
from long_lived.lab.experiment.backend import Trouble

KUBE_PROXY = ("get", "configmap", "kube-proxy", "--namespace=kube-system")
"""Where kubeadm, and with it kind and minikube, keeps the settings of kube-proxy."""

_MODE = re.compile(r"^mode: *\"?(\w*)\"?$", re.MULTILINE)


def about_cluster(place: Place) -> str:
    """Say which cluster that is; what cannot be read is left out."""
    try:
        kubectl = Kubectl(place)
        said = json.loads(kubectl.call("version", "--output=json"))
        told = [f"Kubernetes {said['serverVersion']['gitVersion']}", kubectl.cluster]
    except (Trouble, ValueError, KeyError, TypeError):
        return ""
    try:
        found = _MODE.search(kubectl.call(*KUBE_PROXY, "--output=jsonpath={.data.config\\.conf}"))
        # Source: kube-proxy's configuration API: an empty mode is that of the platform, iptables.
        told += [f"kube-proxy in mode {found[1] or 'iptables'}"] if found else []
    except Trouble:
        pass
    return ", ".join(told)
