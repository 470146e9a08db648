"""What the chart publishes follows from the settings models, and agrees with the project."""

import base64
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import check_jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result

from long_lived.settings import load, schema
from long_lived.settings.chart import ChartValues
from long_lived.settings.model import Settings

from .conftest import CHART, FILL_EVERYTHING, FILL_PROXIED, ROOT, SCENARIOS

METADATA = yaml.safe_load((CHART / "Chart.yaml").read_text())
TEMPLATES = "\n".join(
    file.read_text()
    for file in sorted((CHART / "templates").rglob("*"))
    if file.suffix in (".yaml", ".tpl", ".txt")
)


def leaves(node: dict[str, Any], path: str = "") -> dict[str, dict[str, Any]]:
    """Return the schema of every value by its key path."""
    if "properties" not in node:
        return {path: node}
    found: dict[str, dict[str, Any]] = {}
    for key, child in node["properties"].items():
        found |= leaves(child, f"{path}.{key}".lstrip("."))
    return found


def paths(tree: Any, path: str = "") -> set[str]:
    """Return every key path of a values file."""
    if not isinstance(tree, dict) or not tree:
        return {path}
    return {
        found for key, child in tree.items() for found in paths(child, f"{path}.{key}".lstrip("."))
    }


def objects(node: Any) -> list[dict[str, Any]]:
    """Return the schema of every map, at any depth."""
    if isinstance(node, list):
        return [found for child in node for found in objects(child)]
    if not isinstance(node, dict):
        return []
    own = [node] if node.get("type") == "object" else []
    return own + [found for child in node.values() for found in objects(child)]


@pytest.mark.parametrize("file", schema.published(), ids=lambda file: file.name)
def test_published_file_equals_models(file: Any) -> None:
    """`make generate` would change nothing."""
    assert file.read_text(encoding="utf-8") == schema.published()[file]


def test_schema_has_no_references_or_titles_of_values() -> None:
    """Each value is described in place, in a dialect that Helm 3 and 4 know."""
    made = schema.chart_schema()
    assert made["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert "$ref" not in json.dumps(made)
    assert json.dumps(made).count('"title"') == 1


@pytest.mark.parametrize(
    "file",
    [*SCENARIOS, FILL_EVERYTHING, CHART / "values.yaml", Path("null.yaml")],
    ids=lambda file: file.stem,
)
def test_values_file_is_valid_on_its_own(file: Path, tmp_path: Path) -> None:
    """An editor that checks an overlay against the schema finds no mistake."""
    if file.name == "null.yaml":
        file = tmp_path / file
        file.write_text("server:\n  replicas: null\n")
    done = check(file)
    assert done.exit_code == 0, done.output


def test_values_file_with_a_mistake_is_not_valid(tmp_path: Path) -> None:
    """The check above can fail."""
    file = tmp_path / "bad.yaml"
    file.write_text("client:\n  concurency: 5\n")
    done = check(file)
    assert done.exit_code == 1
    assert "concurency" in done.output


def check(file: Path) -> Result:
    """Validate a values file like an editor."""
    schema_file = CHART / "values.schema.json"
    return CliRunner().invoke(check_jsonschema.main, ["--schemafile", str(schema_file), str(file)])


def test_schema_describes_every_value() -> None:
    """Every value has a description."""
    assert [
        path for path, node in leaves(schema.chart_schema()).items() if not node.get("description")
    ] == []


def test_schema_rejects_unknown_keys_in_every_map() -> None:
    """A map either has fixed keys, or says which values its keys take."""
    for node in objects(schema.chart_schema()):
        if "properties" in node:
            assert node["additionalProperties"] is False
        else:
            assert "additionalProperties" in node


def test_values_file_gives_the_defaults_of_the_models() -> None:
    """The chart's own values.yaml loads as the settings without any file."""
    assert (
        load([CHART / "values.yaml"], environment={}).as_values()
        == load(environment={}).as_values()
    )
    tree = yaml.safe_load((CHART / "values.yaml").read_text())
    chart = {key: tree[key] for key in tree if key not in Settings.model_fields}
    assert ChartValues.model_validate(chart) == ChartValues()


def test_fill_everything_gives_every_value_another_one() -> None:
    """The files give each key another value, so that every branch of the templates renders."""
    filled = yaml.safe_load(FILL_EVERYTHING.read_text())
    load([FILL_EVERYTHING], environment={})
    load([FILL_EVERYTHING, FILL_PROXIED], environment={})
    given = paths(filled) | paths(yaml.safe_load(FILL_PROXIED.read_text()))
    maps = {
        path for path, node in leaves(schema.chart_schema()).items() if node.get("type") == "object"
    }
    missing = set(leaves(schema.chart_schema())) - given
    assert {
        path for path in missing if not (path in maps and any(g.startswith(path) for g in given))
    } == set()


def test_every_chart_value_is_used_by_a_template() -> None:
    """No key of the chart is without effect (`global` is Helm's)."""
    names = {
        path.rpartition(".")[2]
        for path in leaves(schema.chart_schema())
        if not path.startswith(("server.", "client.", "experiment.", "global"))
    }
    whole = {"failureThreshold", "periodSeconds", "timeoutSeconds", "requests", "limits"}
    assert {name for name in names - whole if not re.search(rf"\b{name}\b", TEMPLATES)} == set()


def test_chart_version_is_the_projects() -> None:
    """One version for package, chart and images."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert METADATA["version"] == METADATA["appVersion"] == project["version"]
    for dockerfile in ("Dockerfile", "Dockerfile_client"):
        assert f"ARG VERSION={project['version']}\n" in (ROOT / dockerfile).read_text()


def test_chart_names_its_default_images() -> None:
    """Artifact Hub lists the images that the default values pull."""
    images = yaml.safe_load(METADATA["annotations"]["artifacthub.io/images"])
    defaults = ChartValues().images
    assert {image["name"]: image["image"] for image in images} == {
        "server": f"{defaults.server.repository}:{METADATA['appVersion']}",
        "client": f"{defaults.client.repository}:{METADATA['appVersion']}",
    }


def test_chart_icon_is_the_drawing_in_the_chart() -> None:
    """The icon is icon.svg itself, and needs no server."""
    head, _, data = METADATA["icon"].partition(",")
    assert head == "data:image/svg+xml;base64"
    assert base64.b64decode(data) == (CHART / "icon.svg").read_bytes()


def test_chart_and_images_name_no_address() -> None:
    """The project does not say where it lives, and makes up no address."""
    assert not {"home", "sources"} & set(METADATA)
    for file in (CHART / "Chart.yaml", ROOT / "Dockerfile", ROOT / "Dockerfile_client"):
        assert not re.search(r"https?://", file.read_text())
