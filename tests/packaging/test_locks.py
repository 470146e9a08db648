"""The locks are complete: images and installations import no other package."""

import re
import sys
from importlib.metadata import packages_distributions

import pytest

from .conftest import ROOT, call

IMPORT_ALL = """
import importlib, pkgutil, sys
from long_lived import __path__ as folders
hidden, rooms = (set(given.split(",")) for given in sys.argv[1:])

class Hidden:
    def find_spec(self, name, path, target=None):
        if name in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
for room in sorted(rooms):
    package = importlib.import_module(f"long_lived.{room}")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
        print(module.name)
"""

APPS = ("settings", "record", "resources", "metrics")


def normal(name: str) -> str:
    """Return the name of a distribution as locks spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize(
    ("lock", "rooms"),
    [
        ("server", {*APPS, "server"}),
        ("client", {*APPS, "client"}),
        ("lab", {*APPS, "server", "client", "lab"}),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_every_module_imports_with_the_packages_of_its_lock(lock: str, rooms: set[str]) -> None:
    """Every module, even gunicorn's workers, imports where only the lock's packages exist."""
    text = (ROOT / "locks" / f"{lock}.txt").read_text()
    locked = {"long-lived", *re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE)}
    hidden = {
        package
        for package, owners in packages_distributions().items()
        if not locked & {normal(owner) for owner in owners}
    }
    assert "pytest" in hidden
    done = call(sys.executable, "-P", "-c", IMPORT_ALL, ",".join(hidden), ",".join(rooms))
    assert done.returncode == 0, done.stderr
    assert f"long_lived.{sorted(rooms)[-1]}." in done.stdout
