"""A fake kubectl, for whatever reads its answers."""

from long_lived.lab.experiment.backend import Trouble


class FakeKubectl:
    """Answers every call with the same text, or fails."""

    cluster = "context here"

    def __init__(self, answer: str | None) -> None:
        self._answer = answer

    def call(self, *_: str) -> str:
        if self._answer is None:
            raise Trouble("kubectl: forbidden")
        return self._answer
