"""A comparison that goes on: which runs it has, which are done, and what they showed.

Kept in one file of its folder after every run, so that it can be resumed.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from long_lived.lab.analysis.trade import Trade, combined
from long_lived.record.base import Record

FILE = "comparison.json"


class Plan(Record):
    """What is compared."""

    base: str
    """Values file with the load and the event of every run."""
    files: dict[str, str]
    """What goes on top of it: values files by the name of the row, in their order."""
    overrides: list[str]
    """As after --set."""
    repeat: int
    on: str


class Unreadable(ValueError):
    """A folder that holds no result, or another; the text is one line for the user."""


class _Kept(Record):
    plan: Plan
    done: dict[str, list[Trade]]
    skipped: dict[str, str]


class Matrix:
    """The runs of one comparison."""

    def __init__(
        self,
        folder: Path,
        plan: Plan,
        skipped: Mapping[str, str],
        done: Mapping[str, list[Trade]] | None = None,
    ) -> None:
        """Begin in `folder`; `skipped` says by name why some are left out.

        Raises:
            OSError: it cannot be kept there.
        """
        self.folder = folder
        self.plan = plan
        self.skipped = skipped
        self._done = dict(done or {})
        if done is None:  # who only reads one must not write what another process goes on with
            self._keep()

    @classmethod
    def resumed(cls, folder: Path) -> "Matrix":
        """Read the comparison in `folder`.

        Raises:
            Unreadable: there is none.
        """
        try:
            kept = _Kept.model_validate_json((folder / FILE).read_bytes())
        except (OSError, ValidationError):
            raise Unreadable(f"{folder} holds no comparison ({FILE})") from None
        return cls(folder, kept.plan, kept.skipped, kept.done)

    def rows(self) -> dict[str, Trade]:
        """Return the medians of what is done, by name."""
        return {name: combined(trades) for name, trades in self._done.items()}

    def left(self) -> Iterator[tuple[int, str]]:
        """Return the runs that are not done: number of the repeat, from 1, and name.

        All names once before any of them again: a machine that gets slower is slower for all.
        """
        for repeat in range(1, self.plan.repeat + 1):
            for name in self.plan.files:
                if name not in self.skipped and len(self._done.get(name, ())) < repeat:
                    yield repeat, name

    def enter(self, name: str, trade: Trade) -> None:
        """Enter what a run showed, and keep it.

        Raises:
            OSError: it cannot be kept.
        """
        self._done.setdefault(name, []).append(trade)
        self._keep()

    def _keep(self) -> None:
        kept = _Kept(plan=self.plan, done=self._done, skipped=dict(self.skipped))
        fresh = self.folder / f".{FILE}"
        fresh.write_text(kept.model_dump_json(indent=1), encoding="utf-8")
        fresh.replace(self.folder / FILE)
