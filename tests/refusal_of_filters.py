"""A kernel that refuses the filter that spreads connections at random."""

from pathlib import Path

NO_OPTION = 9999


def refuse_filters(folder: Path) -> str:
    """Return a PYTHONPATH with which setsockopt() asks for an option that no kernel has."""
    code = f"import socket\n\nsocket.SO_ATTACH_REUSEPORT_CBPF = {NO_OPTION}\n"
    (folder / "sitecustomize.py").write_text(code)
    return str(folder)
