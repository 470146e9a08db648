"""The real helm, and what it renders; each set of arguments is rendered once a session."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from long_lived.settings import Settings, load

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "long-lived"
FILL_EVERYTHING = Path(__file__).parent / "fill-everything.yaml"
FILL_PROXIED = FILL_EVERYTHING.with_name("fill-proxied.yaml")
CI_VALUES = sorted((CHART / "ci").glob("*-values.yaml"))
SCENARIOS = sorted(
    file for group in ("", "events/") for file in (ROOT / "values").glob(f"{group}*.yaml")
)

SHORT_LIVED = {"GOGC": "off", "GOMAXPROCS": "1"}
"""helm and kubectl end before they need to collect garbage, which takes a fifth of their processor
time, or a second processor, which takes a tenth (`helm template` 15 times: 2.27 and 2.06 s)."""

Manifest = dict[str, Any]


def command(name: str) -> str:
    """Return the path of a tool, from PATH or from the virtual environment."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:{Path(sys.executable).parent}")
    if not found:
        pytest.fail(f"{name} is neither on PATH nor in the virtual environment: run make helm")
    return found


@cache
def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run helm, with no cluster within reach."""
    return helm_on(os.devnull, *arguments)


def helm_on(kubeconfig: Path | str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run helm on the cluster in a kubeconfig."""
    return subprocess.run(
        [command("helm"), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **SHORT_LIVED, "KUBECONFIG": str(kubeconfig)},
        check=False,
    )


@pytest.fixture(scope="session", autouse=True)
def schemas_are_read_once() -> Iterator[None]:
    """Keep the validator from reading megabytes of JSON for every manifest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            kubernetes_validate.utils,
            "schema_contents",
            cache(kubernetes_validate.utils.schema_contents),
        )
        yield


class Rendered:
    """The manifests of one release."""

    def __init__(self, text: str) -> None:
        """Read what `helm template` printed."""
        self.text = text
        self.manifests: list[Manifest] = [
            tree for tree in yaml.load_all(text, yaml.CSafeLoader) if tree
        ]

    def find(self, kind: str, suffix: str = "") -> list[Manifest]:
        """Return the manifests of a kind whose name ends with `suffix`."""
        return [
            manifest
            for manifest in self.manifests
            if manifest["kind"] == kind and manifest["metadata"]["name"].endswith(suffix)
        ]

    def one(self, kind: str, suffix: str = "") -> Manifest:
        """Return the only manifest of a kind (whose name ends with `suffix`)."""
        (manifest,) = self.find(kind, suffix)
        return manifest

    @property
    def deployment(self) -> Manifest:
        """The server's Deployment."""
        return self.one("Deployment", "-server")

    @property
    def job(self) -> Manifest:
        """The client's Job."""
        return self.one("Job")

    @property
    def server_pod(self) -> Manifest:
        """The spec of the server's pods."""
        return self.deployment["spec"]["template"]["spec"]

    @property
    def client_pod(self) -> Manifest:
        """The spec of the client's pods."""
        return self.job["spec"]["template"]["spec"]

    @property
    def test_pod(self) -> Manifest:
        """The spec of the pod of `helm test`."""
        return self.one("Pod")["spec"]

    @property
    def services(self) -> dict[str, Manifest]:
        """The Services by name."""
        return {service["metadata"]["name"]: service for service in self.find("Service")}

    def mounted(self, pod: Manifest) -> str:
        """Return the values file that the container of `pod` starts with."""
        (container,) = pod["containers"]
        flag, file = container["args"]
        assert flag == "--values"
        (mount,) = [m for m in container["volumeMounts"] if file.startswith(f"{m['mountPath']}/")]
        (volume,) = [v for v in pod["volumes"] if v["name"] == mount["name"]]
        config_map = self.one("ConfigMap", volume["configMap"]["name"])
        return str(config_map["data"][file.removeprefix(f"{mount['mountPath']}/")])


def render(
    *sets: str,
    values: tuple[Path, ...] = (),
    release: str = "try",
    flags: tuple[str, ...] = (),
) -> Rendered:
    """Render a release with `--set` for each of `sets`; fail if helm does."""
    done = template(*sets, values=values, release=release, flags=flags)
    assert done.returncode == 0, done.stderr
    return _read(done.stdout)


def template(
    *sets: str,
    values: tuple[Path, ...] = (),
    release: str = "try",
    flags: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    """Run `helm template`, and return the finished process."""
    arguments = [part for file in values for part in ("--values", str(file))]
    arguments += [part for pair in sets for part in ("--set", pair)]
    return helm("template", release, str(CHART), *arguments, *flags)


_read = cache(Rendered)


def loaded(rendered: Rendered, pod: Manifest, folder: Path) -> Settings:
    """Load what `pod` would load: its values file, through the apps' own code."""
    file = folder / "values.yaml"
    file.write_text(rendered.mounted(pod), encoding="utf-8")
    return load([file], environment={})
