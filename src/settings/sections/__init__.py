"""The maps of the values file that the apps read: `server`, `client` and `experiment`.

To add a setting, add a field with a docstring and run `make generate`. A quantity carries its unit
in its name; the docstring says what 0 and null mean. Docstrings are published (the chart's schema,
values.yaml, the README's tables): write them for the person who sets the value. A class describes
its map; a field that holds a map needs no docstring.
"""
