"""A pod as the lab sees it, for tests to vary."""

from long_lived.lab.cluster.pods import Pod

READY = Pod(
    "one",
    "1",
    0.0,
    False,
    1.0,
    True,
    None,
    "",
    obstacle="",
    stuck=False,
    restarts=0,
    last_ending=None,
)
