"""What single pods are asked."""

import pytest
from tests.lab.cluster.fake_kubectl import FakeKubectl
from tests.lab.records import own_counts

from long_lived.lab.cluster.pod_access import PodAccess
from long_lived.lab.experiment.backend import Trouble


def access(answer: str | None) -> PodAccess:
    """Reach pods through a kubectl that answers this; None fails every call."""
    return PodAccess(FakeKubectl(answer), "default")  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", ["<html>", "{}", "[]", '{"answered": "none"}'])
def test_counts_of_something_else_are_trouble(answer: str) -> None:
    """Whatever answers on that port is not the server."""
    with pytest.raises(Trouble, match=r"/one:8000/proxy/stats does not say what a server has"):
        access(answer).counts(["one"], 8000)


def test_counts_are_returned_by_pod() -> None:
    """Each pod is asked, and its answer is typed."""
    told = own_counts(3, {"": 3})
    answer = told.model_dump_json()
    assert access(answer).counts(["one", "two"], 8000) == {"one": told, "two": told}


def test_nothing_is_asked_where_no_pod_is_meant() -> None:
    """kubectl refuses to delete nothing, which would be a problem of the run."""
    refused = access(None)
    refused.delete([])
    assert refused.kill([], 8000) == []
