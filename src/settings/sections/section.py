"""The base of every settings model, and the bounded types that the models share.

All are frozen, refuse unknown keys and convert nothing: `"3"` and `true` are not whole
numbers, because they are not in the chart's schema. Names are camelCase outside (values files,
schema, error messages) and snake_case inside.
"""

import re
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

DAY_SECONDS = 86_400

_FRACTION = re.compile(r"(0|[1-9][0-9]{0,4})(\.[0-9]+)?")

Seconds = Annotated[float, Field(ge=0, le=DAY_SECONDS)]
WholeSeconds = Annotated[int, Field(ge=0, le=DAY_SECONDS)]


class Section(BaseModel):
    """One map of the values file."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        strict=True,
        validate_default=True,
    )

    @model_validator(mode="before")
    @classmethod
    def read_fractions(cls, values: Any) -> Any:
        """Read the text "0.5" as a number, as the chart's schema does: Helm's --set gives text."""
        if not isinstance(values, dict):
            return values
        read = dict(values)
        for name, field in cls.model_fields.items():
            key = field.alias or name
            text = read.get(key)
            if field.annotation is float and isinstance(text, str) and _FRACTION.fullmatch(text):
                read[key] = float(text)
        return read


class Range(Section):
    """A uniform range of seconds, from `minSeconds` to `maxSeconds`."""

    bounds: ClassVar[tuple[str, str]] = ("minSeconds", "maxSeconds")

    @model_validator(mode="after")
    def refuse_a_minimum_above_the_maximum(self) -> "Range":
        """Refuse an empty range."""
        low, high = self.bounds
        dumped = self.model_dump(by_alias=True)
        if dumped[low] > dumped[high]:
            raise PydanticCustomError(
                "range", "", {"key": low, "value": dumped[low], "high": high, "limit": dumped[high]}
            )
        return self
