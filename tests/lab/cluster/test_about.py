"""What a page says of the cluster on which a run was."""

import stat
from pathlib import Path

import pytest

from long_lived.lab.cluster.about import about_cluster
from long_lived.lab.cluster.tools.kubectl import Place

VERSION = """*" version "*) echo '{"serverVersion": {"gitVersion": "v1.30.2"}}' ;;"""
MODE = """*" configmap "*) printf 'kind: KubeProxyConfiguration\\nmode: "%s"\\n' ;;"""


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([VERSION, MODE % "ipvs"], "Kubernetes v1.30.2, context here, kube-proxy in mode ipvs"),
        ([VERSION, MODE % ""], "Kubernetes v1.30.2, context here, kube-proxy in mode iptables"),
        ([VERSION], "Kubernetes v1.30.2, context here"),
        ([MODE % "ipvs"], ""),
    ],
    ids=["all", "default", "forbidden", "unreachable"],
)
def test_cluster_is_described_as_far_as_it_can_be_read(
    answers: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version, context and the mode of kube-proxy; what may not be read is left out."""
    program = tmp_path / "kubectl"
    program.write_text(f'#!/bin/sh\ncase " $* " in\n{chr(10).join(answers)}\n*) exit 1 ;;\nesac\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert about_cluster(Place("default", "here")) == said
