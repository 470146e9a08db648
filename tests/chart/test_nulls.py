"""Which values may be null: templates and lab share one list."""

import re

from long_lived.settings.nulls import READ_BY_TEMPLATES
from long_lived.settings.places import CHART


def test_templates_and_lab_refuse_the_same_nulls() -> None:
    """Both refuse a null that the templates calculate with, by the same list."""
    text = (CHART / "templates" / "_settings.tpl").read_text()
    (listed,) = re.findall(r"range \$path := list\n(.*?)-\}\}", text, flags=re.DOTALL)
    assert tuple(re.findall(r'"([^"]+)"', listed)) == READ_BY_TEMPLATES
