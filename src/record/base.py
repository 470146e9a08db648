"""The base of what is kept and read again: frozen models, of which JSON has the same keys."""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """One JSON object.

    Keys that a record does not know are passed over: a later version may add some to a format.
    What it needs must be there.
    """

    # Deferred: a client needs no validators before its run is over, and starts without them.
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, defer_build=True)
