"""`make audit` decides by what its tools print, and takes silence for no answer."""

import importlib.util
import json
import sys
from types import ModuleType

import pytest

from .conftest import ROOT


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    """Load the script."""
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    sys.modules["audit"] = made
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("MIT AND PSF-2.0", True),
        ("Apache-2.0 OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0-or-later", False),
        ("", False),
    ],
)
def test_licence_has_to_be_on_the_list(expression: str, allowed: bool, audit: ModuleType) -> None:
    """One of several to choose from is enough, of several that hold together each must be."""
    assert audit.is_allowed(expression) is allowed


def test_package_without_a_licence_that_is_allowed_is_named(audit: ModuleType) -> None:
    """Older names of licences are understood; a package that states none is refused."""
    licences = {
        "old": [{"license": {"name": "License :: OSI Approved :: MIT License"}}],
        "copyleft": [{"license": {"id": "GPL-3.0-only"}}],
        "silent": [],
    }
    components = [
        {"name": name, "version": "1", "licenses": given} for name, given in licences.items()
    ]
    assert audit.refused({"components": components}) == [
        "copyleft 1: GPL-3.0-only",
        "silent 1: no licence",
    ]


def test_package_that_was_skipped_was_not_looked_at(audit: ModuleType) -> None:
    """A source that knows nobody finds no fault, and that is no good news."""
    found = {"id": "PYSEC-1", "fix_versions": ["2"]}
    known = {"name": "a", "version": "1", "vulns": [found]}
    skipped = {"name": "b", "skip_reason": "not found"}
    of = lambda *packages: audit.advisories(json.dumps({"dependencies": packages}))  # noqa: E731
    assert of(known, skipped) == (1, ["a 1: PYSEC-1, mended in 2"])
    assert of(skipped) == (0, [])
