"""The base of every settings model, and the bounded types that the models share.

Rules that hold for all of them: frozen, unknown keys are errors, nothing is converted
(`"3"` and `true` are no whole numbers, for they are none in the chart's schema), camelCase
outside (values files, schema, error messages), snake_case inside, and the
docstring under a field is its description in the schema and in the tables.
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
        """Take the text "0.5" for a number, as the chart's schema does: Helm's --set gives it."""
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
    """A uniform range of seconds; the minimum must not exceed the maximum."""

    bounds: ClassVar[tuple[str, str]] = ("minSeconds", "maxSeconds")

    @model_validator(mode="after")
    def refuse_a_minimum_above_the_maximum(self) -> "Range":
        """Refuse a range that holds no value."""
        low, high = self.bounds
        dumped = self.model_dump(by_alias=True)
        if dumped[low] > dumped[high]:
            raise PydanticCustomError(
                "range", "", {"key": low, "value": dumped[low], "high": high, "limit": dumped[high]}
            )
        return self
