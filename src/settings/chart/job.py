"""The map `job`."""

from typing import Annotated, Literal

from pydantic import Field

from long_lived.settings.chart.maps import Strings
from long_lived.settings.sections.section import Section


class Job(Section):
    """The client's Job."""

    name_suffix: Literal["revision", "settings"] = "revision"
    """What the names of the Job and its ConfigMap end with, so that a run with other settings is
    another Job. `revision`, the release's, makes every upgrade a run; `settings`, a hash of
    everything the Job is made of, is for tools that render without a release (`helm template`,
    Argo CD) and so always see revision 1."""

    ttl_seconds_after_finished: Annotated[int, Field(ge=0)] = 0
    """Seconds after which a finished Job is deleted together with the logs of its pods: by then
    `make verify` must have begun to follow it. 0 means never (in Kubernetes it means at once,
    and `make verify` could only say that the run is gone)."""

    annotations: Strings = Field(default={})
    """Annotations of the Job."""
