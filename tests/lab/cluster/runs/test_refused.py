"""What the lab cannot do on a cluster is refused in one line that says what to do."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cluster.place import SERVER, Place
from tests.lab.cluster.runs.lab import ALONE, LONGEST_SECONDS, Lab


def test_conflict_over_replicas_stops_the_run(place: Place, lab: Lab) -> None:
    """Whoever scaled the servers is shown Helm's words and what to do, and keeps the number."""
    place.helm("install", sets=(*ALONE, "client.enabled=false"))
    place.kubectl("scale", f"deployment/{SERVER}", "--replicas=0")
    status, output = lab.do("run", "smoke", "--on", "cluster", "--out", str(lab.out))
    assert status == 1
    assert 'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.rep' in output
    assert "server.replicas: null" in output
    assert "--force-conflicts" in output
    assert place.cluster.get("Deployment", SERVER)["spec"]["replicas"] == 0


def test_missing_context_is_one_line(lab: Lab) -> None:
    """Without a current context the user learns how to choose one."""
    status, output = lab.do("verify", KUBECONFIG=os.devnull)
    assert status == 2
    assert output.startswith("long-lived: error: no Kubernetes context is set")


def test_missing_kubectl_is_one_line(lab: Lab, tmp_path: Path) -> None:
    """Without kubectl the user learns that it is missing."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    code = (
        "import sys; sys.executable = sys.argv[1]; sys.argv = ['long-lived', 'verify']; "
        "from long_lived.lab.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(python)],
        env={"PATH": str(python.parent)},
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("long-lived: error: kubectl is missing")
    assert done.stderr.count("\n") == 1


def test_unknown_chart_key_is_refused_before_anything_is_installed(place: Place, lab: Lab) -> None:
    """A misspelt chart key is refused like a misspelt setting."""
    status, output = lab.do(
        "run", "smoke", "--on", "cluster", "--set", "images.registri=x", "--out", str(lab.out)
    )
    assert status == 2
    assert "images.registri" in output
    assert not place.cluster.all("Deployment")
