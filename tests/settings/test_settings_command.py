"""How the real programs refuse bad settings: exit status 2, one line, no traceback."""

import pytest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "client.concurrancy=5"), "client.concurrancy = '5' is not a setting: did you"),
        (
            ("--set", "server.delay.minSeconds=abc"),
            "server.delay.minSeconds = 'abc' is not allowed",
        ),
        (("--set", "client.thinkTime.minSeconds=9"), "client.thinkTime.minSeconds = 9 is above"),
        (("--values", "absent.yaml"), "values file absent.yaml: No such file or directory"),
        (("--zebra\nx",), "unrecognized arguments: --zebra\\nx (see --help)"),
    ],
    ids=["unknown", "duration", "range", "missing-file", "usage"],
)
def test_program_refuses_bad_arguments(arguments: tuple[str, ...], words: str, refusal) -> None:
    """Bad settings or usage end a program at once, with a reason in one line."""
    assert refusal(*arguments).startswith(words)


def test_program_refuses_a_bad_variable(refusal) -> None:
    """The environment follows the same rules."""
    line = refusal(LONG_LIVED__CLIENT__CONCURRENCY="-1")
    assert line.startswith("LONG_LIVED__CLIENT__CONCURRENCY = -1 is not allowed")
    assert line.endswith("(in the environment)")
