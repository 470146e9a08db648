"""Which values may be null: one list for the templates and for the lab."""

import re

from long_lived.settings.nulls import READ_BY_TEMPLATES
from long_lived.settings.places import CHART


def test_templates_and_lab_refuse_the_same_nulls() -> None:
    """What the templates calculate with is refused as null by both, by the same list."""
    text = (CHART / "templates" / "_settings.tpl").read_text()
    (listed,) = re.findall(r"range \$path := list\n(.*?)-\}\}", text, flags=re.DOTALL)
    assert tuple(re.findall(r'"([^"]+)"', listed)) == READ_BY_TEMPLATES
