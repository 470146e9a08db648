"""The pods of a live service, from what the command line calls it."""

from collections.abc import Callable

from long_lived.lab.analysis.live.looks import LiveService
from long_lived.lab.cluster.live.beside import DebugImage
from long_lived.lab.cluster.live.service import LiveServicePods, parse_target
from long_lived.lab.cluster.tools.kubectl import Kubectl, Place
from long_lived.lab.commands.options import refuse


def live_pods(
    text: str, place: Place, port: str, debug: DebugImage | None, say: Callable[[str], None]
) -> LiveService:
    """Find the pods that `text` names; refuse what names none."""
    try:
        target = parse_target(text)
    except ValueError:
        refuse(
            f"{text}: must be service/NAME, deploy/NAME, statefulset/NAME, daemonset/NAME or a "
            "selector such as app=checkout"
        )
    return LiveServicePods(Kubectl(place), target, port, debug, say)
