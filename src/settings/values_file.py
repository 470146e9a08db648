"""Values files, read and written as Helm does.

Helm's YAML (sigs.k8s.io/yaml: go-yaml v2, then JSON) is neither 1.1, which PyYAML reads, nor 1.2:
`1:30` and `2026-11-25` are text, `1e3` is 1000, `010` is 8, and `y` is true. Where it would lose
or change what was written (a duplicate key, a key that is not text, `<<` after other keys, several
documents), this module refuses the file.
"""

import math
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from long_lived.settings.errors import SettingsError

Tree = dict[str, Any]

MOST_VALUES = 10_000
"""Most values in a file, aliases resolved: a few lines of nested aliases can make billions."""

_TAG = "tag:yaml.org,2002:"

_NULL = ("", "~", "null", "Null", "NULL")
_TRUE = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
_INFINITE = tuple(sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF"))
_WORDS: dict[str, tuple[str, Any]] = {
    **dict.fromkeys(_NULL, ("null", None)),
    **dict.fromkeys(_TRUE, ("bool", True)),
    **dict.fromkeys(_FALSE, ("bool", False)),
    **dict.fromkeys((*_INFINITE, ".nan", ".NaN", ".NAN"), ("float", math.inf)),
    "<<": ("merge", "<<"),
}
_INTEGER = re.compile(
    r"[-+]?(0|[1-9][0-9]{0,19}|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+|0[bB][01]+)|0b[-+][01]+"
)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def read(file: Path) -> tuple[Tree, dict[str, int]]:
    """Read one file; return its contents, and the line of each key path.

    A null is kept, because it removes a default.

    Raises:
        SettingsError: no such file, or not a map, or one that Helm and PyYAML read differently.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SettingsError(f"values file {file}: {reason}: must be a readable YAML file") from None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        tree = loader.construct_document(root) if root else {}
        too_many = sum(1 for _ in islice(_values(tree), MOST_VALUES + 1)) > MOST_VALUES
    except (yaml.YAMLError, ValueError) as error:
        # PyYAML lets through Python's own error for "\UFFFFFFFF".
        mark = getattr(error, "problem_mark", None)
        place = f" line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "unreadable"
        raise SettingsError(
            f"values file {file}{place}: not valid YAML ({problem}): must be a YAML map"
        ) from None
    except RecursionError:
        raise SettingsError(f"values file {file}: nested too deeply: must be a YAML map") from None
    if too_many:
        raise SettingsError(
            f"values file {file}: too many values: must be at most {MOST_VALUES}, aliases resolved"
        )
    if tree is None:
        return {}, {}
    if not isinstance(tree, dict):
        raise SettingsError(
            f"values file {file}: {type(tree).__name__} at the top: must be a YAML map"
        )
    return tree, dict(_lines(root))


def written(tree: Mapping[str, object]) -> str:
    """Return the text of a values file that Helm and `read` both read as `tree`."""
    return yaml.dump(tree, Dumper=Dumper, sort_keys=False, allow_unicode=True)


def _resolved(text: str) -> tuple[str, Any]:
    """Return what plain text stands for: the name of its type, and the value.

    Source: resolve() in resolve.go of go.yaml.in/yaml/v2 2.4.4.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "+-.0123456789":
        # Go takes `_` for a separator anywhere, but after a point only between digits.
        is_text = text[0] == "." and re.search(r"_(?![0-9])|(?<![0-9])_", text)
        plain = text if is_text else text.replace("_", "")
        if _INTEGER.fullmatch(plain):
            value = _integer(plain)
            if -(2**63) <= value < 2**64:
                return "int", value
        if _FLOAT.fullmatch(plain) and math.isfinite(float(plain)):
            return "float", float(plain)
    return "str", text


def _integer(plain: str) -> int:
    if plain[:2] == "0b":
        return int(plain[2:], 2)
    is_octal = re.match(r"[-+]?0[0-9]", plain)
    return int(plain, 8 if is_octal else 0)


def _values(value: Any) -> Iterator[Any]:
    """List `value` and everything in it; endless where a map contains itself."""
    yield value
    children = value.values() if isinstance(value, dict) else value
    for child in children if isinstance(value, dict | list) else ():
        yield from _values(child)


def _lines(node: Any, above: str = "") -> Iterator[tuple[str, int]]:
    """List the key paths below a node, with their lines."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        path = f"{above}{key.value}"
        yield path, key.start_mark.line + 1
        yield from _lines(value, f"{path}.")


class _Loader(yaml.SafeLoader):
    """Reads plain text as `_resolved` does."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - PyYAML's name and form

    def resolve(self, kind: type[Any], value: Any, implicit: Any) -> Any:
        """Return the tag of a node without one."""
        if kind is yaml.ScalarNode and implicit[0]:
            return _TAG + _resolved(value)[0]
        return super().resolve(kind, value, implicit)

    def fetch_value(self) -> Any:
        """Refuse `{key:}` and `{key:[1]}`, in which Helm's key is `key:` and `key:[1]`."""
        key = self.tokens[-1] if self.tokens else None
        quoted = isinstance(key, yaml.ScalarToken) and not key.plain
        sticks = self.peek(1) in ",[]{}" and self.peek(-1) not in " \n"
        if self.flow_level and sticks and not quoted:
            problem = "a colon without a space after it"
            raise yaml.scanner.ScannerError(None, None, problem, self.get_mark())
        return super().fetch_value()

    def process_directives(self) -> Any:
        """Refuse `%YAML 1.2`, as Helm does."""
        if self.check_token(yaml.DirectiveToken):
            mark = self.peek_token().start_mark
            raise yaml.parser.ParserError(None, None, "a line that begins with %", mark)
        return super().process_directives()

    def compose_scalar_node(self, anchor: Any) -> Any:
        """Read a scalar; refuse the tag `!`, which Helm and PyYAML understand differently."""
        event = self.peek_event()
        if event.tag == "!":
            raise yaml.composer.ComposerError(None, None, "a tag without a name", event.start_mark)
        return super().compose_scalar_node(anchor)

    def compose_mapping_node(self, anchor: Any) -> Any:
        """Read a map; refuse keys that Helm would change."""
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            shown = repr(key.value) if isinstance(key, yaml.ScalarNode) else "that is a list or map"
            problem = ""
            if key.tag not in (_TAG + "str", _TAG + "merge"):
                problem = f"key {shown} is not text: it needs quotes"
            elif key.tag == _TAG + "merge" and seen:
                problem = "<< comes after other keys, which it would change"
            elif key.value in seen:
                problem = f"key {shown} appears twice"
            if problem:
                raise yaml.composer.ComposerError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return node

    def construct_plain(self, node: Any) -> Any:
        """Return what a scalar stands for; whole numbers are integers, as in JSON."""
        name, value = _resolved(self.construct_scalar(node))
        problem = ""
        if node.tag != _TAG + name and (node.tag, name) != (_TAG + "float", "int"):
            problem = f"{node.value!r} is not of type {node.tag.removeprefix(_TAG)}"
        elif value == math.inf:
            problem = f"{node.value} is not a JSON number"
        if problem:
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return int(value) if name == "float" and value.is_integer() else value


_Loader.yaml_constructors = {
    **{_TAG + name: _Loader.construct_plain for name in ("null", "bool", "int", "float")},
    **{_TAG + name: _Loader.construct_yaml_str for name in ("str", "merge")},
    _TAG + "seq": _Loader.construct_yaml_seq,
    _TAG + "map": _Loader.construct_yaml_map,
    None: _Loader.construct_undefined,
}


class Dumper(yaml.SafeDumper):
    """Quotes text that PyYAML or Helm would not read as text: `1e3`, `y`, `0o7`, `1:30`."""

    def resolve(self, kind: type[Any], value: Any, implicit: Any) -> Any:
        """Return the tag that readers would give a node without one."""
        tag = super().resolve(kind, value, implicit)
        if kind is yaml.ScalarNode and implicit[0] and tag == _TAG + "str":
            return _TAG + _resolved(value)[0]
        return tag

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's
        """Write a value in full wherever it appears."""
        return True
