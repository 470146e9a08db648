"""An inspection that was kept in its folder."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from long_lived.lab.experiment.matrix import Unreadable
from long_lived.lab.report.inspection import FORMAT
from long_lived.lab.report.origin import Origin

INSPECTION = "inspection.json"


def keep_inspection(folder: Path, told: dict[str, Any], origin: Origin) -> None:
    """Keep what an inspection showed, as JSON.

    Raises:
        OSError: it cannot be kept.
    """
    record = {**told, "origin": origin.model_dump()}
    (folder / INSPECTION).write_text(f"{json.dumps(record, indent=1)}\n", encoding="utf-8")


def saved_inspection(folder: Path) -> tuple[dict[str, Any], Origin]:
    """Read what `keep_inspection` wrote.

    Raises:
        Unreadable: it is not that, or of another format.
    """
    file = folder / INSPECTION
    try:
        told: dict[str, Any] = json.loads(file.read_bytes())
        if told["format"] != FORMAT:
            raise Unreadable(f"{file}: format {told['format']!r}: must be {FORMAT}")
        return told, Origin.model_validate(told["origin"])
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror}") from None
    except (ValidationError, json.JSONDecodeError, KeyError, TypeError):
        raise Unreadable(f"{file}: not an inspection") from None
