"""Bad settings: one line that names the key path, the value, what is allowed and the origin."""

from pathlib import Path

import pytest

from long_lived.settings import SettingsError, load
from long_lived.settings.model import Settings


def reason(*sources: object, **given: object) -> str:
    """Return why the settings are refused, which is one line."""
    with pytest.raises(SettingsError) as caught:
        load(*sources, **given)
    (line,) = str(caught.value).splitlines()
    return line


WHOLE = "must be a whole number from 1 to 100000"

BAD_VALUES = [
    ("client.concurrency", "0", "0", WHOLE),
    ("client.concurrency", "-5", "-5", WHOLE),
    ("client.concurrency", "100001", "100001", WHOLE),
    ("client.concurrency", "1.5", "1.5", WHOLE),
    ("client.concurrency", "many", "'many'", WHOLE),
    ("client.concurrency", "true", "true", WHOLE),
    ("client.concurrency", "'3'", "'3'", WHOLE),
    ("client.concurrency", "1_000.5", "1000.5", WHOLE),
    ("client.concurrency", "1:30", "'1:30'", WHOLE),
    ("client.enabled", "1", "1", "must be true or false"),
    ("client.enabled", "'true'", "'true'", "must be true or false"),
    ("client.concurrency", "[5]", "[5]", WHOLE),
    ("client.concurrency", "{a: 1}", "{'a': 1}", WHOLE),
    ("client.concurrency", "''", "''", WHOLE),
    ("client.concurrency", "9" * 5000, f"'{'9' * 56}...", WHOLE),
    ("client.concurrency", "9" * 30, "1000000000000000019884624838656", WHOLE),
    ("server.replicas", "0", "0", "must be a whole number from 1 to 1000"),
    ("server.port", "70000", "70000", "must be a whole number from 1 to 65535"),
    ("server.port", "0", "0", "must be a whole number from 1 to 65535"),
    ("client.rampUpSeconds", "abc", "'abc'", "must be a number from 0 to 86400"),
    ("client.rampUpSeconds", "-0.1", "-0.1", "must be a number from 0 to 86400"),
    ("client.rampUpSeconds", "'01'", "'01'", "must be a number from 0 to 86400"),
    ("client.rampUpSeconds", "'1e3'", "'1e3'", "must be a number from 0 to 86400"),
    ("client.rampUpSeconds", "'nan'", "'nan'", "must be a number from 0 to 86400"),
    ("client.rampUpSeconds", "true", "true", "must be a number from 0 to 86400"),
    ("server.delay.maxSeconds", "10s", "'10s'", "must be a number from 0 to 86400"),
    ("server.gracefulTimeoutSeconds", "0.5", "0.5", "must be a whole number from 0 to 86400"),
    ("client.timeouts.connectSeconds", "0", "0", "must be a number above 0 up to 3600"),
    ("client.logResponses", "perhaps", "'perhaps'", "must be true or false"),
    ("server.runtime", "django", "'django'", "must be one of flask, gunicorn, go"),
    ("client.engine", "asyncio", "'asyncio'", "must be one of threads, gevent"),
    ("client.keepAlive.mode", "on", "true", "must be one of persistent, per-request"),
    ("client.url", "ftp://x/", "'ftp://x/'", "must be an http:// address"),
    ("client.url", "https://x/", "'https://x/'", "must be an http:// address"),
    ("client.url", "'http://'", "'http://'", "must be an http:// address"),
    ("client.url", "'http:x'", "'http:x'", "must be an http:// address"),
    ("client.url", "'http:///x'", "'http:///x'", "must be an http:// address"),
    ("client.url", "' http://x'", "' http://x'", "must be an http:// address"),
    ("client.url", "'http:\\\\x'", "'http:\\\\\\\\x'", "must be an http:// address"),
    ("client.url", "http://x:0/", "'http://x:0/'", "must be an http:// address"),
    ("client.url", "http://x:70000/", "'http://x:70000/'", "must be an http:// address"),
    ("client.url", "localhost", "'localhost'", "must be an http:// address"),
    ("client.url", "8000", "8000", "must be an http:// address"),
    ("client.thinkTime", "3", "3", "must be a map"),
    ("client", "[1]", "[1]", "must be a map"),
    ("experiment.name", "Big Name", "'Big Name'", "must match ^[a-z0-9]"),
    ("experiment.name", "''", "''", "must match ^[a-z0-9]"),
    ("experiment.maxFailedRatio", "1.1", "1.1", "must be a number from 0 to 1"),
    ("experiment.description", "5", "5", "must be text"),
    ("experiment.restart", "5", "5", "must be a map"),
    ("experiment.restart.afterSeconds", "-1", "-1", "must be a number from 0 to 86400"),
    ("experiment.restart.keep", "-1", "-1", "must be a whole number from 0 to 1000"),
    ("experiment.restart.keep", "0.5", "0.5", "must be a whole number from 0 to 1000"),
    ("experiment.restart.mode", "one", "'one'", "must be one of together, rolling"),
    ("experiment.restart.signal", "15", "15", "must be one of graceful, kill"),
    (
        "experiment.restart.replacementSeconds",
        "3601",
        "3601",
        "must be a number from 0 to 3600",
    ),
]


def nested(path: str, yaml_value: str) -> str:
    """Write a values file with one key, in YAML's flow style."""
    parts = path.split(".")
    return "".join(f"{{{part}: " for part in parts) + yaml_value + "}" * len(parts)


@pytest.mark.parametrize(
    ("path", "given", "shown", "allowed"),
    BAD_VALUES,
    ids=[f"{path}={given[:20]}" for path, given, _, _ in BAD_VALUES],
)
def test_bad_value_in_a_file_is_refused(
    path: str, given: str, shown: str, allowed: str, write_values
) -> None:
    """A bad value in a file is refused with its path, itself, what is allowed, and the file."""
    file = write_values(nested(path, given))
    line = reason([file], [], {})
    assert line.startswith(f"{path} = {shown} is not allowed: {allowed}")
    assert line.endswith(f"(in {file} line 1)")


@pytest.mark.parametrize(
    ("sources", "origin"),
    [
        (([], ["client.concurrency=0"], {}), "in --set client.concurrency=0"),
        (
            ([], ["server.port=1,client.concurrency=0"], {}),
            "in --set server.port=1,client.concurrency=0",
        ),
    ],
    ids=["flag", "one-of-two-in-a-flag"],
)
def test_bad_value_in_a_flag_is_refused_with_its_origin(sources, origin: str) -> None:
    """Flags are refused in the same words as files."""
    assert reason(*sources) == f"client.concurrency = 0 is not allowed: {WHOLE} ({origin})"


@pytest.mark.parametrize("text", ["1_000", "010", "1e3", " 5", "0x10", "9" * 5000, "yes", ""])
def test_text_that_is_no_plain_number_is_refused(text: str) -> None:
    """A flag or a variable says a whole number as Helm's --set reads it, and in no other way."""
    shown = repr(text) if len(text) < 60 else f"'{'9' * 56}..."
    assert f"= {shown} is not allowed: {WHOLE}" in reason(
        [], [], {"LONG_LIVED__CLIENT__CONCURRENCY": text}
    )
    assert f"= {shown} is not allowed: {WHOLE}" in reason([], [f"client.concurrency={text}"], {})


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("LONG_LIVED__CLIENT__CONCURRENCY", "0", f"0 is not allowed: {WHOLE}"),
        ("long_lived__client__concurrency", "x", f"'x' is not allowed: {WHOLE}"),
        (
            "LONG_LIVED__SERVER__DELAY__MINSECONDS",
            "5",
            "'5' is not a setting: did you mean LONG_LIVED__SERVER__DELAY__MIN_SECONDS?",
        ),
        (
            "LONG_LIVED__CLIENT__CONCURRANCY",
            "5",
            "'5' is not a setting: did you mean LONG_LIVED__CLIENT__CONCURRENCY?",
        ),
        (
            "LONG_LIVED__CLIENT__TIMEOUTS__X_1",
            "5",
            "'5' is not a setting: allowed: LONG_LIVED__CLIENT__TIMEOUTS__CONNECT_SECONDS, "
            "LONG_LIVED__CLIENT__TIMEOUTS__READ_SECONDS",
        ),
        (
            "LONG_LIVED__ZEBRA",
            "5",
            "'5' is not a setting: allowed: LONG_LIVED__CLIENT, LONG_LIVED__EXPERIMENT, "
            "LONG_LIVED__SERVER",
        ),
        (
            "LONG_LIVED__SERVER__DELAY",
            "5",
            "'5' is not allowed: use LONG_LIVED__SERVER__DELAY__MAX_SECONDS, "
            "LONG_LIVED__SERVER__DELAY__MIN_SECONDS",
        ),
        (
            "LONG_LIVED__SERVER__DELAY__MIN_SECONDS",
            "70",
            "70 is above server.delay.maxSeconds = 60: must be at most 60",
        ),
    ],
)
def test_bad_variable_is_refused_in_names_of_variables(name: str, given: str, words: str) -> None:
    """What is said about a variable names the variables to set, as one writes them."""
    assert reason([], [], {name: given}) == f"{name} = {words} (in the environment)"


def test_refused_variable_meets_a_key_of_a_file_by_the_name_of_each(write_values) -> None:
    """Of two values that contradict each other each has the name that its own source gives it."""
    file = write_values("server: {delay: {minSeconds: 5}}")
    assert reason([file], [], {"LONG_LIVED__SERVER__DELAY__MAX_SECONDS": "4"}) == (
        "server.delay.minSeconds = 5 is above LONG_LIVED__SERVER__DELAY__MAX_SECONDS = 4: "
        f"must be at most 4 (in {file} line 1)"
    )


def test_variable_below_another_is_refused() -> None:
    """A variable for a map and one for a key in it contradict each other."""
    variables = {"LONG_LIVED__CLIENT__URL": "x", "LONG_LIVED__CLIENT__URL__X": "y"}
    assert reason([], [], variables) == (
        "LONG_LIVED__CLIENT__URL__X: LONG_LIVED__CLIENT__URL is also given as a value"
    )


@pytest.mark.parametrize(
    "content",
    [
        "client:",
        "client: ~\n",
        "client: {concurrency: null}",
        "client: {thinkTime: }",
        "experiment: {restart: {keep: Null}}",
        "service:",
    ],
)
def test_null_for_what_the_chart_needs_is_refused(content: str, write_values) -> None:
    """Where Helm refuses a null, so does the lab."""
    file = write_values(content)
    line = reason([file], [], {})
    assert " = null is not allowed: leave it out to get its default" in line
    assert line.endswith(f"(in {file} line 1)")


def test_null_for_an_unknown_key_is_refused(write_values) -> None:
    """A null takes a default away; a key without one stays unknown."""
    file = write_values("client: {concurrancy: null}")
    assert reason([file], [], {}) == (
        "client.concurrancy = null is not a setting: did you mean client.concurrency? "
        f"(in {file} line 1)"
    )


def test_refusal_names_the_line_of_the_key(write_values) -> None:
    """A file may be long: the line is that of the refused key, also behind an anchor."""
    file = write_values("server:\n  port: 80\n\n  delay: &a\n    minSeconds: x\nclient: {}\n")
    assert reason([file], [], {}).endswith(f"(in {file} line 5)")


def test_origin_is_that_of_the_source_that_won(write_values) -> None:
    """Of two files the one that gave the refused value is named."""
    good, bad = write_values("server: {port: 80}"), write_values("server: {port: 0}")
    assert reason([good, bad], [], {}).endswith(f"(in {bad} line 1)")
    assert load([bad, good], [], {}).server.port == 80


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("client.concurrancy", "did you mean client.concurrency?"),
        ("client.thinkTime.minSecond", "did you mean client.thinkTime.minSeconds?"),
        ("client.think_time", "did you mean client.thinkTime?"),
        ("zebra", "allowed: client, experiment, server"),
        ("Server", "did you mean server?"),
        ("client.keepAlive.zebra", "allowed: mode"),
    ],
)
def test_unknown_key_is_refused_from_every_source(path: str, hint: str, write_values) -> None:
    """An unknown key is an error in a file, in a flag and in the environment alike."""
    file = write_values(nested(path, "x"))
    expected = f"{path} = 'x' is not a setting: {hint} "
    assert reason([file], [], {}) == f"{expected}(in {file} line 1)"
    assert reason([], [f"{path}=x"], {}) == f"{expected}(in --set {path}=x)"


@pytest.mark.parametrize("name", ["LONG_LIVED__", "LONG_LIVED__CLIENT__", "LONG_LIVED____CLIENT"])
def test_variable_with_an_empty_part_is_refused(name: str) -> None:
    """A variable that names nothing is refused by its own name."""
    assert reason([], [], {name: "5"}).startswith(f"variable {name} does not name a setting: ")


@pytest.mark.parametrize("section", ["server.delay", "client.thinkTime"])
def test_minimum_above_maximum_is_refused(section: str, write_values) -> None:
    """A range that holds no value is refused with both of its ends."""
    file = write_values(nested(section, "{minSeconds: 5.25, maxSeconds: 5.125}"))
    assert reason([file], [], {}) == (
        f"{section}.minSeconds = 5.25 is above {section}.maxSeconds = 5.125: "
        f"must be at most 5.125 (in {file} line 1)"
    )


def test_minimum_equal_to_maximum_is_allowed() -> None:
    """A range of one value is a range."""
    loaded = load([], ["server.delay.minSeconds=5,server.delay.maxSeconds=5"], {})
    assert loaded.server.delay.min_seconds == loaded.server.delay.max_seconds == 5


def test_minimum_above_the_default_maximum_is_refused() -> None:
    """A range is checked as a whole, defaults included."""
    assert reason([], ["client.thinkTime.minSeconds=4"], {}) == (
        "client.thinkTime.minSeconds = 4 is above client.thinkTime.maxSeconds = 3: "
        "must be at most 3 (in --set client.thinkTime.minSeconds=4)"
    )


def test_ends_that_differ_little_are_shown_apart() -> None:
    """The two ends of a refused range never look equal."""
    ends = "server.delay.minSeconds=1234.5679,server.delay.maxSeconds=1234.5678"
    assert "1234.5679 is above server.delay.maxSeconds = 1234.5678" in reason([], [ends], {})


IMPOSSIBLE_RESTARTS = [
    (
        "experiment.restart.afterSeconds=5,experiment.restart.keep=3",
        "experiment.restart.keep = 3 is not below server.replicas = 3: must be less than 3",
    ),
    (
        "server.replicas=1,experiment.restart.afterSeconds=5",
        "experiment.restart.keep = 1 is not below server.replicas = 1: must be less than 1",
    ),
    (
        "client.durationSeconds=10,experiment.restart.afterSeconds=10",
        "experiment.restart.afterSeconds = 10 is not below client.durationSeconds = 10: "
        "must be less than 10",
    ),
    (
        "client.durationSeconds=1.5,experiment.restart.afterSeconds=1.625",
        "experiment.restart.afterSeconds = 1.625 is not below client.durationSeconds = 1.5: "
        "must be less than 1.5",
    ),
]


@pytest.mark.parametrize(("override", "words"), IMPOSSIBLE_RESTARTS)
def test_restart_that_cannot_be_is_refused(override: str, words: str) -> None:
    """A restart of no replica, and one after the end, are refused with both values."""
    assert reason([], [override], {}).removesuffix(f" (in --set {override})") == words


def test_restart_that_cannot_be_is_refused_with_its_origin(write_values) -> None:
    """The source of the refused value is named, not that of its limit."""
    file = write_values("experiment: {restart: {afterSeconds: 5, keep: 2}}")
    assert reason([file], ["server.replicas=2"], {}).endswith(f"less than 2 (in {file} line 1)")


@pytest.mark.parametrize(
    "override",
    [
        "experiment.restart.afterSeconds=5,experiment.restart.keep=2",
        "server.replicas=1,experiment.restart.afterSeconds=5,experiment.restart.keep=0",
        "client.durationSeconds=10,experiment.restart.afterSeconds=9.5",
        "client.durationSeconds=0,experiment.restart.afterSeconds=10",
        "server.replicas=1,experiment.restart.keep=1000",
        "client.durationSeconds=10,experiment.restart.afterSeconds=0",
    ],
    ids=["fewer-kept", "none-kept", "before-the-end", "no-end", "never-any-kept", "never"],
)
def test_restart_that_can_be_is_allowed(override: str) -> None:
    """The twins: one replica to restart, in a run that still goes on; or no restart at all."""
    assert load([], [override], {})


def test_several_bad_values_are_refused_in_one_line() -> None:
    """All complaints come at once, and still in one line."""
    line = reason([], ["server.port=0", "client.concurrency=0"], {})
    assert "server.port = 0" in line
    assert "client.concurrency = 0" in line


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
    ("client: " + "[" * 1500 + "]" * 1500, ": nested too deeply: must be a YAML map"),
    (b"client: \xff\xfe", ": not UTF-8 text: must be a readable YAML file"),
]


@pytest.mark.parametrize(
    ("content", "words"), BAD_FILES, ids=[repr(content)[:32] for content, _ in BAD_FILES]
)
def test_file_that_is_no_yaml_map_is_refused(
    content: str | bytes, words: str, write_values
) -> None:
    """A file that cannot be read as a map is refused by its name, and its line where known."""
    file = write_values(content)
    line = reason([file], [], {})
    assert line.startswith(
        f"values file {file}{'' if words.startswith((' ', ':')) else ': '}{words}"
    )
    assert "must be " in line


def test_same_key_in_two_maps_is_allowed(write_values) -> None:
    """Only within one map may a key not stand twice."""
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


@pytest.mark.parametrize(
    ("override", "part"),
    [
        ("client", "'client'"),
        ("", "''"),
        ("=5", "'=5'"),
        ("client..x=5", "'client..x=5'"),
        (".client=5", "'.client=5'"),
        ("client.concurrency=1,", "''"),
    ],
)
def test_override_of_another_form_is_refused(override: str, part: str) -> None:
    """--set takes key.path=value."""
    assert reason([], [override], {}) == (
        f"--set {override}: {part} is not a setting: must be key.path=value"
    )


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["client=5"], "client = '5' is not allowed: must be a map"),
        (["client.concurrency.x=5"], f"client.concurrency = {{'x': '5'}} is not allowed: {WHOLE}"),
        (["client.concurrency=1", "client.concurrency.x=5"], "concurrency is also given as"),
        (["client.concurrency=1", "client=5"], "client is a map: set a key in it"),
    ],
    ids=["map", "below-a-value", "both-value-first", "both-map-first"],
)
def test_override_at_the_wrong_depth_is_refused(overrides: list[str], words: str) -> None:
    """A value in place of a map, or a key below a value, is refused."""
    assert words in reason([], overrides, {})


@pytest.mark.parametrize("char", ["\n", "\r", "\x1b", "\x85", "\u2028", "\u202e"], ids=ascii)
def test_line_breaks_of_the_user_are_escaped(char: str) -> None:
    """A key or value that holds a line break or a control character stays in one line."""
    for override in (f"client.a{char}b=1", f"client.engine=a{char}b", f"client{char}"):
        line = reason([], [override], {})
        assert line.isprintable()
        assert ascii(char)[1:-1] in line


@pytest.mark.parametrize(
    "url",
    ["", "http://x", "HTTP://x:80/a?b=c", "http://[::1]:8000/", "http://10.0.0.1/", "http://ä.x/"],
)
def test_http_address_is_allowed(url: str, write_values) -> None:
    """What is an http address, or empty, is taken as it is written."""
    assert load([write_values(f"client: {{url: {url!r}}}")], [], {}).client.url == url
