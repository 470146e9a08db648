"""What concerns one request and its answer holds for every way to send: libraries and loop."""

import pytest
from tests.client.caller import Caller
from tests.client.loop_caller import LoopCaller

OF_ONE_REQUEST = {"test_answers", "test_connections", "test_error_kinds"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of these modules with callers of both kinds."""
    module = metafunc.module.__name__.rpartition(".")[2]
    if module in OF_ONE_REQUEST and "call" in metafunc.fixturenames:
        kinds = {"libraries": Caller, "loop": LoopCaller}
        metafunc.parametrize("call", kinds.values(), ids=kinds, indirect=True)
