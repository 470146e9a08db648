"""The maps of the values file that the apps read: `server`, `client` and `experiment`.

To add a setting, add a field with a docstring and run `make generate`. The name of a quantity
includes its unit; the docstring says what 0 and null mean. Docstrings are published (in the chart's
schema, values.yaml and the README's tables): write them for the person who sets the value. A class
describes its map; a field that holds a map needs no docstring.
"""
