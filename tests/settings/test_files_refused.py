"""Files that hold no settings: one line with the file and, if known, the line in it."""

from pathlib import Path

import pytest

from long_lived.settings import load
from long_lived.settings.model import Settings

from .reasons import reason

BAD_FILES = [
    ("- a\n- b", "list at the top: must be a YAML map"),
    ("just text", "str at the top: must be a YAML map"),
    ("5", "int at the top: must be a YAML map"),
    ("1: 2", " line 1: not valid YAML (key '1' is not text: it needs quotes)"),
    ("a:\n  y: 2", " line 2: not valid YAML (key 'y' is not text: it needs quotes)"),
    ("{client: {? [a] : 1}}", " line 1: not valid YAML (key that is a list or map is not text"),
    ("? {a: 1}\n: 2", " line 1: not valid YAML (key that is a list or map is not text"),
    ("%YAML 1.1\n---\nclient: {}", " line 1: not valid YAML (a line that begins with %)"),
    (
        "a: &a {b: 1}\nc: {b: 2, <<: *a}",
        " line 2: not valid YAML (<< comes after other keys, which it would change)",
    ),
    ("client: .inf", " line 1: not valid YAML (.inf is not a JSON number)"),
    ("client: !!float .nan", " line 1: not valid YAML (.nan is not a JSON number)"),
    ("client: ! 5", " line 1: not valid YAML (a tag without a name)"),
    ("client: !!binary aGk=", " line 1: not valid YAML (could not determine a constructor"),
    ("client: [1", " line 1: not valid YAML ("),
    ("a: b: c", " line 1: not valid YAML (mapping values are not allowed here)"),
    ("client:\n\tconcurrency: 5", " line 2: not valid YAML ("),
    ("{a'b':}", " line 1: not valid YAML (a colon without a space after it)"),
    ("{a: 1}\n---\n{b: 2}", " line 2: not valid YAML (but found another document)"),
    ("client: *nobody", " line 1: not valid YAML (found undefined alias 'nobody')"),
    ("a: !!python/object:os.system x", " line 1: not valid YAML (could not determine"),
    ("client: 1\nserver: 2\nclient: 3", " line 3: not valid YAML (key 'client' appears twice)"),
    (
        "client:\n  concurrency: 1\n  concurrency: 2",
        " line 3: not valid YAML (key 'concurrency' appears twice)",
    ),
    ("client: \x00", ": not valid YAML (unreadable)"),
    ("client: !!int x", " line 1: not valid YAML ('x' is not of type int)"),
    ("client: !!bool x", " line 1: not valid YAML ('x' is not of type bool)"),
    ("a: &a [" + "x," * 99 + "x]\nb: &b [" + "*a," * 99 + "*a]\nc: [*b, *b]", ": too many values"),
    ("client: &a {thinkTime: *a}", ": nested too deeply: must be a YAML map"),
    ("client: " + "[" * 700 + "]" * 700, ": nested too deeply: must be a YAML map"),
    (b"client: \xff\xfe", ": not UTF-8 text: must be a readable YAML file"),
]


@pytest.mark.parametrize(
    ("content", "words"), BAD_FILES, ids=[repr(content)[:32] for content, _ in BAD_FILES]
)
def test_file_that_is_no_yaml_map_is_refused(
    content: str | bytes, words: str, write_values
) -> None:
    """The refusal names the file and, if known, the line."""
    file = write_values(content)
    line = reason([file], [], {})
    assert line.startswith(
        f"values file {file}{'' if words.startswith((' ', ':')) else ': '}{words}"
    )
    assert "must be " in line


def test_same_key_in_two_maps_is_allowed(write_values) -> None:
    """A key may not appear twice in the same map only."""
    file = write_values("server: {keepAlive: {}}\nclient: {keepAlive: {}}")
    assert load([file], [], {}) == Settings()


def test_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that does not exist is refused by its name."""
    file = tmp_path / "absent.yaml"
    assert reason([file], [], {}) == (
        f"values file {file}: No such file or directory: must be a readable YAML file"
    )


def test_folder_as_file_is_refused(tmp_path: Path) -> None:
    """A folder is no values file."""
    assert reason([tmp_path], [], {}).startswith(f"values file {tmp_path}: Is a directory: ")
