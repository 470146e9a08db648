"""The Dockerfiles: what can be checked without building an image."""

import re
import subprocess

import pytest

from .conftest import ROOT, command

DOCKERFILES = ("Dockerfile", "Dockerfile_client")


@pytest.mark.parametrize("file", DOCKERFILES)
def test_dockerfile_is_clean(file: str) -> None:
    """hadolint finds nothing."""
    done = subprocess.run(
        [command("hadolint"), file], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "app"), [("Dockerfile", "server"), ("Dockerfile_client", "client")]
)
def test_dockerfile_keeps_its_promises(file: str, app: str) -> None:
    """Pinned bases, hashed locks, own sources, no pip, a numeric user, an exec-form entry."""
    text = (ROOT / file).read_text()
    stages = re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]
    for stage in stages:
        assert re.match(r"\S+/(python:3\.\d+-slim-\w+|golang:1\.\d+-\w+)\b", stage)
    assert "--require-hashes" in text
    final = stages[-1]
    assert "pip uninstall" in final
    assert "USER 65532:65532\n" in final
    assert f'ENTRYPOINT ["python", "-m", "long_lived.{app}"]\n' in final
    assert "org.opencontainers.image.version" in final
    copied = set(re.findall(r"^COPY src/(\w+)/", text, flags=re.MULTILINE))
    assert copied - {"server_go", "long_lived"} == {
        *("settings", "record", "resources", "metrics", app)
    }


@pytest.mark.parametrize("file", DOCKERFILES)
def test_bytecode_in_the_image_does_not_depend_on_times(file: str) -> None:
    """Builders round file times, so bytecode that depends on them would be stale at random."""
    text = (ROOT / file).read_text()
    compilations = re.findall(r"compileall (.*) (\S+)$", text, re.MULTILINE)
    assert {folder for _, folder in compilations} == {"/app", "/venv/lib", '"${stdlib}"'}
    assert all("--invalidation-mode unchecked-hash" in flags for flags, _ in compilations)
    assert "--no-compile" in text


@pytest.mark.parametrize("file", DOCKERFILES)
def test_image_has_bytecode_of_the_standard_library(file: str) -> None:
    """The base has none, and pip leaves some tied to file times: all is compiled, by force."""
    final = (ROOT / file).read_text().rpartition("FROM ")[2]
    ((flags, folder),) = re.findall(r"compileall (.*) (\S+)$", final, re.MULTILINE)
    assert folder == '"${stdlib}"'
    assert "-f" in flags.split()
    assert final.index("pip uninstall") < final.index("compileall")


@pytest.mark.parametrize("file", DOCKERFILES)
def test_image_has_no_tests_of_packages(file: str) -> None:
    """They are removed before bytecode is compiled, and before anything is copied out."""
    text = (ROOT / file).read_text()
    assert "find /venv/lib -depth -type d -name tests -exec rm -r {} +" in text
    assert text.index("find /venv/lib") < text.index("compileall")


def test_images_have_one_python() -> None:
    """Both Dockerfiles name the same base."""
    bases = {
        base
        for file in DOCKERFILES
        for base in re.findall(r"FROM (\S+python:\S+)", (ROOT / file).read_text())
    }
    assert len(bases) == 1


def test_build_context_is_what_the_dockerfiles_copy() -> None:
    """Everything is ignored except what a COPY names."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = {line[1:].rstrip("/") for line in lines if line.startswith("!")}
    copied = {
        source.rstrip("/")
        for file in DOCKERFILES
        for source in re.findall(
            r"^COPY ((?:src|locks)/\S+)", (ROOT / file).read_text(), re.MULTILINE
        )
    }
    assert "*" in lines
    assert allowed == copied
