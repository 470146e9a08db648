"""A release's objects, as the API returns them."""

import pytest
from tests.lab.cluster.fake_kubectl import FakeKubectl

from long_lived.lab.cluster.release import Job, Release

NOON = 1_795_608_000.0


def release(answer: str | None) -> Release:
    """Look at a release through kubectl's answer."""
    return Release(FakeKubectl(answer), "demo", "default")  # type: ignore[arg-type]


SECRETS = """2026-11-25T11:00:00Z 1 deployed
2026-11-25T12:00:00Z 2 failed
2026-11-25T13:00:00Z 3 deployed
"""


@pytest.mark.parametrize(
    ("answer", "created", "revision"),
    [
        (SECRETS, NOON + 1, "2"),
        (SECRETS, NOON, "2"),
        (SECRETS, NOON - 1, None),
        (SECRETS, NOON + 3600, None),
        (SECRETS, NOON - 7200, None),
        ("", NOON, None),
        ("2026-11-25T11:00:00Z 1", NOON, None),
        (None, NOON, None),
    ],
    ids=["failed", "same-second", "before", "after", "older", "no-helm", "unlabelled", "forbidden"],
)
def test_job_of_a_revision_that_failed_is_known(
    answer: str | None, created: float, revision: str | None
) -> None:
    """Helm's Secret of the revision is older than its Job, and says how it went."""
    job = Job("demo-client-2", "1", created, 1, finished=False)
    assert release(answer).failed_revision(job) == revision
