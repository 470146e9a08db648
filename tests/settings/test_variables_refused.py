"""Bad variables: one line in terms of variables, as users write them."""

import pytest

from .reasons import WHOLE, reason


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
            "LONG_LIVED__METRICS, LONG_LIVED__SERVER",
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
    """The line names the variables to set, as users write them."""
    assert reason([], [], {name: given}) == f"{name} = {words} (in the environment)"


def test_variable_that_contradicts_a_file_is_refused_with_both_names(write_values) -> None:
    """Each of the two values has the name that its own source uses."""
    file = write_values("server: {delay: {minSeconds: 5}}")
    assert reason([file], [], {"LONG_LIVED__SERVER__DELAY__MAX_SECONDS": "4"}) == (
        "server.delay.minSeconds = 5 is above LONG_LIVED__SERVER__DELAY__MAX_SECONDS = 4: "
        f"must be at most 4 (in {file} line 1)"
    )


def test_variable_below_another_is_refused() -> None:
    """A variable for a map contradicts one for a key in it."""
    variables = {"LONG_LIVED__CLIENT__URL": "x", "LONG_LIVED__CLIENT__URL__X": "y"}
    assert reason([], [], variables) == (
        "LONG_LIVED__CLIENT__URL__X: LONG_LIVED__CLIENT__URL is also given as a value"
    )


@pytest.mark.parametrize("name", ["LONG_LIVED__", "LONG_LIVED__CLIENT__", "LONG_LIVED____CLIENT"])
def test_variable_with_an_empty_part_is_refused(name: str) -> None:
    """A variable that names no key is refused by its own name."""
    assert reason([], [], {name: "5"}).startswith(f"variable {name} does not name a setting: ")


@pytest.mark.parametrize("text", ["1_000", "010", "1e3", " 5", "0x10", "9" * 5000, "yes", ""])
def test_text_that_is_no_plain_number_is_refused(text: str) -> None:
    """A flag or variable takes a whole number as Helm's --set does, in no other form."""
    shown = repr(text) if len(text) < 60 else f"'{'9' * 56}..."
    assert f"= {shown} is not allowed: {WHOLE}" in reason(
        [], [], {"LONG_LIVED__CLIENT__CONCURRENCY": text}
    )
    assert f"= {shown} is not allowed: {WHOLE}" in reason([], [f"client.concurrency={text}"], {})
