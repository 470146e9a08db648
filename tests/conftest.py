"""What holds for every test of the project."""

import hypothesis

hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None, print_blob=True)
hypothesis.settings.load_profile("repeatable")
"""The same examples in every run; `pytest --hypothesis-profile search` looks for new ones."""
