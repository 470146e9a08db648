"""`make audit`: what is known against the locked packages, and what both images carry.

For each image it installs the lock apart, writes an SBOM (CycloneDX) and holds the licences to a
list. Then it asks for known vulnerabilities of every lock. A source that cannot be reached is told
in one line, and makes nothing pass that was not looked at: the line says NOT CHECKED.
"""

import json
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCKS = ROOT / "locks"
TOOLS = ROOT / ".cache" / "audit"
OUT = ROOT / "build" / "sbom"

IMAGES = ("server", "client")

SOURCES = ("osv", "pypi")
"""Asked in turn until one answers. PyPI's mirrors often lack what pip-audit asks of PyPI."""

ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CNRI-Python",
    "ISC",
    "MIT",
    "MPL-2.0",
    "PSF-2.0",
    "Python-2.0",
    "Unlicense",
    "ZPL-2.1",
}
"""Licences, by SPDX, of what an image may carry."""

NAMES = {
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "Zope Public License": "ZPL-2.1",
}
"""What older packages write instead."""

SECONDS = 600
"""Longest run of a tool."""


def licences(component: dict[str, Any]) -> list[str]:
    """Return the licences of a component of an SBOM, each an expression of SPDX or a name."""
    found = [
        entry.get("expression") or entry["license"].get("id") or entry["license"].get("name", "")
        for entry in component.get("licenses", [])
    ]
    told = {NAMES.get(one.removeprefix("License :: OSI Approved :: "), one) for one in found}
    # Besides its expression a package may have the classifier or text of the same licence.
    declared = {one for one in told if "\n" not in one and one != "declared license file"}
    return sorted(declared)


def is_allowed(expression: str) -> bool:
    """Tell whether an expression of SPDX leaves a licence that is allowed."""
    return any(
        all(part.strip(" ()") in ALLOWED for part in re.split(r"\bAND\b", choice))
        for choice in re.split(r"\bOR\b", expression)
    )


def refused(sbom: dict[str, Any]) -> list[str]:
    """Return a line for each component without a licence that is allowed."""
    return [
        f"{one['name']} {one.get('version', '')}: {', '.join(licences(one)) or 'no licence'}"
        for one in sbom.get("components", [])
        if not any(is_allowed(licence) for licence in licences(one))
    ]


def advisories(printed: str) -> tuple[int, list[str]]:
    """Read what pip-audit prints as JSON: how many packages it knew, and a line per vulnerability.

    A package that its source does not have is "skipped", with exit status 0.
    """
    packages = json.loads(printed)["dependencies"]
    known = [one for one in packages if "skip_reason" not in one]
    lines = [
        f"{one['name']} {one['version']}: {found['id']}, "
        f"mended in {', '.join(found['fix_versions']) or 'no version'}"
        for one in known
        for found in one["vulns"]
    ]
    return len(known), lines


def main() -> None:
    """Write, check and ask; exit status 1 if something is found."""
    tools = environment("tools", "audit")
    faults = [line for image in IMAGES for line in bill(image, tools)]
    faults += vulnerable(sorted(LOCKS.glob("*.txt")), tools)
    faults += vulnerable_go()
    for line in faults:
        print(f"audit: {line}", file=sys.stderr)
    sys.exit(1 if faults else 0)


def environment(name: str, lock: str) -> Path:
    """Install a lock apart, unless it is there; return its folder of programs."""
    folder, text = TOOLS / name, (LOCKS / f"{lock}.txt").read_text()
    made = folder / "lock.txt"
    if not made.exists() or made.read_text() != text:
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=False)
        exact = ["--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        python = ["--python", str(folder / "bin" / "python")]
        done = run(*pip, *python, "install", *exact, "-r", str(LOCKS / f"{lock}.txt"))
        if done.returncode:
            sys.exit(f"audit: locks/{lock}.txt cannot be installed: {last(done)}")
        made.write_text(text)
    return folder / "bin"


def bill(image: str, tools: Path) -> list[str]:
    """Write the SBOM of an image's lock, print its licences, and return those refused."""
    OUT.mkdir(parents=True, exist_ok=True)
    file = OUT / f"{image}.cdx.json"
    flags = ("--output-reproducible", "--output-format", "JSON", "--output-file", str(file))
    python = environment(image, image) / "python"
    done = run(str(tools / "cyclonedx-py"), "environment", *flags, str(python))
    if done.returncode:
        return [f"{image}: no SBOM: {last(done)}"]
    sbom = json.loads(file.read_text())
    print(f"{image}: {len(sbom['components'])} packages, {file.relative_to(ROOT)}")
    for one in sbom["components"]:
        told = ", ".join(licences(one)) or "no licence"
        print(f"  {one['name']:<20} {one.get('version', ''):<10} {told}")
    return [f"{image}: licence of {line} is not allowed" for line in refused(sbom)]


def vulnerable(locks: Sequence[Path], tools: Path) -> list[str]:
    """Ask the first source that answers for known vulnerabilities of all locks, or say so."""
    reasons = []
    for source in SOURCES:
        found = []
        for lock in locks:
            try:
                known, lines = asked(source, lock, tools)
            except Unanswered as error:
                reasons.append(f"{source}: {error}")
                break
            print(f"locks/{lock.name}: {known} packages known to {source}, {len(lines)} faults")
            found += [f"locks/{lock.name}: {line}" for line in lines]
        else:
            return found
    print(f"locks: vulnerabilities NOT CHECKED, no source answers ({'; '.join(reasons)})")
    return []


class Unanswered(Exception):
    """A source of advisories that cannot be reached, or knows no package of a lock."""


def asked(source: str, lock: Path, tools: Path) -> tuple[int, list[str]]:
    """Ask one source about one lock."""
    flags = ("--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off")
    command = (str(tools / "pip-audit"), "--vulnerability-service", source, "--timeout", "10")
    done = run(*command, *flags, "--requirement", str(lock))
    try:
        known, lines = advisories(done.stdout)
    except (ValueError, KeyError, TypeError):
        raise Unanswered(last(done)[:100]) from None
    if not known:
        raise Unanswered(f"knows no package of locks/{lock.name}")
    return known, lines


def vulnerable_go() -> list[str]:
    """Ask govulncheck, where it is installed, about the Go server."""
    if not shutil.which("govulncheck"):
        print("src/server_go: vulnerabilities NOT CHECKED, govulncheck is not installed")
        return []
    done = run("govulncheck", "-C", str(ROOT / "src" / "server_go"), "./...")
    if done.returncode == 3:  # Source: govulncheck's documentation, "Exit codes"
        return [f"src/server_go: {line}" for line in done.stdout.splitlines() if "Vulnerab" in line]
    why = f"NOT CHECKED, govulncheck fails: {last(done)}" if done.returncode else "none known"
    print(f"src/server_go: vulnerabilities {why}")
    return []


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    """Run a tool to its end, which is bounded."""
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


def last(done: "subprocess.CompletedProcess[str]") -> str:
    """Return the last line that a tool said."""
    lines: Sequence[str] = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1] if lines else f"status {done.returncode}"


if __name__ == "__main__":
    main()
