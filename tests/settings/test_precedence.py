"""Which source wins: command line, environment, values files in reverse order, default."""

from pathlib import Path

import pytest

from long_lived.settings import load

FILE_A = "client: {concurrency: 11, thinkTime: {minSeconds: 0.5, maxSeconds: 9}}"
FILE_B = "client: {concurrency: 12, thinkTime: {maxSeconds: 8}}"
VARIABLE = {"LONG_LIVED__CLIENT__CONCURRENCY": "13"}
FLAG = "client.concurrency=14"


@pytest.mark.parametrize(
    ("files", "environment", "flags", "concurrency"),
    [
        ((), {}, (), 1000),
        ((FILE_A,), {}, (), 11),
        ((FILE_A, FILE_B), {}, (), 12),
        ((FILE_B, FILE_A), {}, (), 11),
        ((FILE_A, FILE_B), VARIABLE, (), 13),
        ((FILE_A, FILE_B), VARIABLE, (FLAG,), 14),
        ((), VARIABLE, (), 13),
        ((FILE_A,), {}, (FLAG,), 14),
        ((), {}, (FLAG, "client.concurrency=15"), 15),
        ((), {}, ("client.concurrency=15,client.concurrency=16",), 16),
    ],
    ids=[
        "default",
        "file",
        "later-file",
        "later-file-swapped",
        "environment-over-files",
        "flag-over-all",
        "environment-over-default",
        "flag-over-file",
        "later-flag",
        "later-in-one-flag",
    ],
)
def test_source_of_higher_rank_wins(
    files: tuple[str, ...],
    environment: dict[str, str],
    flags: tuple[str, ...],
    concurrency: int,
    write_values,
) -> None:
    """The command line beats the environment, that beats files, a later file an earlier one."""
    loaded = load([write_values(text) for text in files], flags, environment)
    assert loaded.client.concurrency == concurrency


def test_later_file_wins_map_by_map(write_values) -> None:
    """A later file replaces only the keys it holds, at any depth."""
    client = load([write_values(FILE_A), write_values(FILE_B)], [], {}).client
    assert (client.think_time.min_seconds, client.think_time.max_seconds) == (0.5, 8)


def test_sources_meet_within_one_map(write_values) -> None:
    """Several sources may fill one map: the range is checked on the result."""
    loaded = load(
        [write_values("server: {delay: {minSeconds: 70}}")],
        ["server.port=9000"],
        {"LONG_LIVED__SERVER__DELAY__MAX_SECONDS": "80"},
    )
    assert (loaded.server.delay.min_seconds, loaded.server.delay.max_seconds) == (70, 80)
    assert loaded.server.port == 9000


@pytest.mark.parametrize(
    "second",
    ["client: {timeouts: {readSeconds: null}}", "client: {timeouts: null}"],
    ids=["key", "map"],
)
def test_null_in_a_later_file_gives_the_default_back(second: str, write_values) -> None:
    """A null removes what earlier files set, as in Helm."""
    first = write_values("client: {timeouts: {readSeconds: 0.5}}")
    assert load([first, write_values(second)], [], {}).client.timeouts.read_seconds == 0


def test_null_in_an_earlier_file_is_overridden(write_values) -> None:
    """A later value wins, as in Helm, even if null alone would be refused."""
    first = write_values("client: {concurrency: null}\nserver: null")
    second = write_values("client: {concurrency: 5}\nserver: {port: 1}")
    assert load([first, second], [], {}).client.concurrency == 5


def test_null_on_the_command_line_gives_the_default_back(write_values) -> None:
    """`--set key=null` removes what files and environment set."""
    file = write_values("client: {timeouts: {readSeconds: 1}}")
    variables = {"LONG_LIVED__CLIENT__TIMEOUTS__READ_SECONDS": "2"}
    loaded = load([file], ["client.timeouts.readSeconds=null"], variables)
    assert loaded.client.timeouts.read_seconds == 0


def test_null_is_a_value_of_the_replicas(write_values) -> None:
    """It leaves their number to an autoscaler from any source, and can be overridden."""
    null = write_values("server: {replicas: null}")
    variable = {"LONG_LIVED__SERVER__REPLICAS": "null"}
    for given in (([null], [], {}), ([], ["server.replicas=null"], {}), ([], [], variable)):
        assert load(*given).server.replicas is None
    restart = ["experiment.event.kind=restart,experiment.event.count=900"]
    assert load([null], restart, {}).server.replicas is None
    assert load([null, write_values("server: {replicas: 5}")], [], {}).server.replicas == 5
    assert load([null], ["server.replicas=2"], variable).server.replicas == 2


@pytest.mark.parametrize("content", ["", "# nothing\n", "---\n", "{}", "null"])
def test_file_without_keys_changes_nothing(content: str, write_values) -> None:
    """An empty file is a valid values file."""
    assert load([write_values(content)], [], {}) == load([], [], {})


def test_chart_keys_are_left_to_helm(write_values) -> None:
    """The same file serves Helm, whose own keys are not settings."""
    loaded = load([write_values("nameOverride: lab\nclient: {concurrency: 5}")], [], {})
    assert loaded == load([], ["client.concurrency=5"], {})


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("experiment.description=a\\,b", "a,b"),
        ("experiment.description=a=b", "a=b"),
        ("experiment.description=", ""),
        (" experiment.description =x", "x"),
    ],
    ids=["comma", "equals", "empty", "spaces"],
)
def test_override_is_split_like_helms(override: str, value: str) -> None:
    """A comma separates settings unless a backslash precedes it; the first = ends the key."""
    assert load([], [override], {}).experiment.description == value


@pytest.mark.parametrize(
    "name",
    [
        "LONG_LIVED_SERVER_PORT",
        "LONG_LIVED_SERVER_SERVICE_HOST",
        "LONG_LIVED_PORT_80_TCP_ADDR",
        "LONG_LIVED",
        "LONG_LIVEDX__CLIENT__CONCURRENCY",
        "MY_LONG_LIVED__CLIENT__CONCURRENCY",
    ],
)
def test_variables_of_service_links_are_ignored(name: str) -> None:
    """What Kubernetes sets for a Service named long-lived-… is neither a setting nor an error."""
    assert load([], [], {name: "tcp://10.0.0.1:80"}) == load([], [], {})


def test_variable_name_is_read_in_any_case() -> None:
    """The case of a variable's name does not matter."""
    variables = {"long_lived__client__think_time__min_seconds": "0.25"}
    assert load([], [], variables).client.think_time.min_seconds == 0.25


def test_variable_cannot_name_a_values_file(tmp_path: Path) -> None:
    """Only the command line names files, and the working folder is not searched."""
    (tmp_path / "values.yaml").write_text("client: {concurrency: 2}")
    assert load([], [], {"VALUES": str(tmp_path / "values.yaml")}) == load([], [], {})
