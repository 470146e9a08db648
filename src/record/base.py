"""The base of what is kept and read again: frozen models with the same keys as their JSON."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """One JSON object.

    Unknown keys are ignored, because a later version may add some to a format; those that a record
    needs must be there.
    """

    # Deferred: a client needs no validators before its run is over, and starts without them.
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, defer_build=True)
