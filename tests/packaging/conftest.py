"""The project as others get it: built as a wheel, installed into its own environment."""

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOUND_SECONDS = 120


def call(*command: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with no settings in its environment."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if "LONG_LIVED" not in key and key not in ("PYTHONPATH", "VIRTUAL_ENV")
    }
    return subprocess.run(
        [str(part) for part in command],
        cwd=options.get("cwd", ROOT),
        env={**kept, **options.get("variables", {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BOUND_SECONDS,
        check=False,
    )


@dataclass(frozen=True)
class Installed:
    """An environment that holds the wheel, and a folder like a user's."""

    python: Path
    packages: Path
    cwd: Path

    def long_lived(self, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command `long-lived` in the user's folder."""
        command = self.python.parent / "long-lived"
        return call(command, *arguments, cwd=self.cwd, variables=variables)

    def python_says(self, code: str, **variables: str) -> str:
        """Run code with the environment's Python, and return its output."""
        done = call(self.python, "-P", "-c", code, cwd=self.cwd, variables=variables)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    built = call(*pip, "--wheel-dir", folder, ROOT)
    assert built.returncode == 0, built.stderr
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a new environment that shares this one's dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    assert call(sys.executable, "-m", "venv", "--without-pip", folder).returncode == 0
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index")
    done = call(*pip, wheel)
    assert done.returncode == 0, done.stderr
    shown = call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    packages = Path(shown.stdout.strip())
    # Only the path: .pth files there, such as the link to this checkout, are not followed.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder


@pytest.fixture
def installed(environment: Path, tmp_path: Path) -> Installed:
    """Enter a folder whose files are named like the project's own modules."""
    cwd = tmp_path / "user"
    (cwd / "lab").mkdir(parents=True)
    for name in ("settings.py", "server.py", "lab/__init__.py"):
        (cwd / name).write_text("raise SystemExit('the user\\'s own file was imported')\n")
    (packages,) = environment.glob("lib/python*/site-packages")
    return Installed(environment / "bin" / "python", packages, cwd)
