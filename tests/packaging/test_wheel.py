"""What the wheel contains and requires."""

import re
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

from .conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DEPENDENCIES = set(PROJECT["project"]["dependencies"])


def test_wheel_takes_one_top_level_name(wheel: Path) -> None:
    """It installs nothing but the package and its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name.partition("/")[0] for name in archive.namelist()}
    assert names == {"long_lived", f"long_lived-{PROJECT['project']['version']}.dist-info"}


def test_wheel_holds_scenarios_chart_and_go_sources(wheel: Path) -> None:
    """They match the checkout, byte for byte."""
    parts = {
        "values": "values",
        "charts/long-lived": "chart",
        "src/server_go": "server_go",
    }
    with zipfile.ZipFile(wheel) as archive:
        for folder, place in parts.items():
            files = [
                file
                for file in (ROOT / folder).rglob("*")
                if file.is_file() and "__pycache__" not in file.parts
            ]
            assert files
            for file in files:
                name = f"long_lived/data/{place}/{file.relative_to(ROOT / folder)}"
                assert archive.read(name) == file.read_bytes()
        for lock in ("go.txt", "haproxy.txt"):
            assert archive.read(f"long_lived/data/{lock}") == (ROOT / "locks" / lock).read_bytes()


def test_wheel_requires_all_that_the_command_needs(wheel: Path) -> None:
    """`pip install` of the wheel alone, without extras, gives a working command."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        metadata = Parser().parsestr(archive.read(name).decode())
    assert set(metadata.get_all("Requires-Dist", [])) == DEPENDENCIES
    assert metadata.get_all("Provides-Extra") is None


def test_images_require_no_more_than_the_wheel() -> None:
    """The images' requirements are part of the dependencies, in the same versions."""
    groups = PROJECT["dependency-groups"]
    for group in ("settings", "server", "client"):
        assert {entry for entry in groups[group] if isinstance(entry, str)} <= DEPENDENCIES


def test_lock_of_the_lab_pins_every_dependency() -> None:
    """The lock that `make run` installs lacks none of them."""
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "locks/lab.txt").read_text(), re.MULTILINE))
    assert {re.split(r"[\[><=]", dependency)[0] for dependency in DEPENDENCIES} <= locked
