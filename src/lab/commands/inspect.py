"""The command `inspect`: who holds the connections of a live service, without any load."""

import json
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from long_lived.lab.analysis.live.inspection import Inspection
from long_lived.lab.analysis.live.looks import LiveService
from long_lived.lab.analysis.verdict import Finding
from long_lived.lab.cluster.about import about_cluster
from long_lived.lab.cluster.live.beside import DebugImage
from long_lived.lab.cluster.live.rbac import manifests
from long_lived.lab.cluster.tools.kubectl import Place
from long_lived.lab.commands.options import context_option, format_option, out_option, refuse
from long_lived.lab.commands.running.live_pods import live_pods
from long_lived.lab.commands.running.one_run import new_folder, show_page, was_kept
from long_lived.lab.experiment.backend import Trouble
from long_lived.lab.experiment.interrupts import Interrupts
from long_lived.lab.experiment.onlooker import judged
from long_lived.lab.local.live import LocalService
from long_lived.lab.report.inspection import as_dict, lines
from long_lived.lab.report.origin import Origin
from long_lived.lab.report.page.inspection import inspection_page
from long_lived.lab.results.origin import origin_here
from long_lived.lab.results.saved_inspection import keep_inspection

if TYPE_CHECKING:
    from long_lived.lab.analysis.live.exposed import Exposed

TICK_SECONDS = 0.1

MOST_WORD = 40
"""Letters of a target in the name of its folder."""

DEBUG_SECONDS = 120
"""How long an ephemeral container outlasts the time between two looks: each takes a while."""
DEBUG_WATCH_SECONDS = 900


@click.command()
@click.argument("target", required=False, metavar="[KIND/NAME or SELECTOR]")
@click.option("--namespace", "-n", default="default", show_default=True, help="Namespace.")
@context_option
@click.option("--port", default="", metavar="PORT", help="Name or number, where there are several.")
@click.option(
    "--local",
    type=click.IntRange(1, 65_535),
    metavar="PORT",
    help="Processes on this machine that serve PORT, instead of pods.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 3600),
    default=10,
    show_default=True,
    help="Time between the two looks.",
)
@click.option("--watch", is_flag=True, help="Look again and again, until Ctrl-C.")
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65_535),
    metavar="PORT",
    help="With --watch, serve each look for Prometheus (docs/metrics.md).",
)
@format_option("text", "json")
@click.option(
    "--debug-image",
    default="",
    metavar="IMAGE",
    help="For pods without `cat`: look from an ephemeral container, which then stays in the pod.",
)
@out_option
@click.option("--print-rbac", is_flag=True, help="Print the permissions it needs, and end.")
def inspect_command(
    target: str | None,
    namespace: str,
    context: str,
    port: str,
    local: int | None,
    seconds: float,
    watch: bool,
    metrics_port: int | None,
    form: str,
    debug_image: str,
    out: Path,
    print_rbac: bool,
) -> int:
    """Say whether the connections of a live service are pinned, and to whom. Changes nothing.

    TARGET is service/NAME, deploy/NAME, statefulset/NAME, daemonset/NAME, or a label selector.
    The sockets of its ready pods are read twice (kubectl exec POD -- cat /proc/net/tcp). Any
    protocol over TCP.

    Exit status: 0 even, or too few connections to tell; 1 pinned or uneven; 2 it cannot be
    looked at; 130 or 143 interrupted. A page of the last look is left below results/.
    """
    if print_rbac:
        print(manifests(namespace, debug=bool(debug_image)), end="")
        return 0
    if (target is None) == (local is None):
        refuse("give either a target (service/NAME) or --local PORT")
    if metrics_port is not None and not watch:
        refuse(f"--metrics-port {metrics_port} needs --watch")
    say = Console(file=sys.stderr, markup=False, highlight=False, soft_wrap=True).print
    debug = None
    if debug_image:
        debug = DebugImage(
            debug_image, DEBUG_WATCH_SECONDS if watch else DEBUG_SECONDS + int(seconds)
        )
        say(
            f"pods without cat get an ephemeral container ({debug.name}, ends after "
            f"{debug.seconds} s): Kubernetes keeps it in the pod, ended, until the pod is deleted"
        )
    service: LiveService
    kubernetes = ""
    try:
        if local is not None:
            service, name = LocalService(local), f"port {local} on this machine"
        else:
            place = Place(namespace, context)
            service = live_pods(str(target), place, port, debug, say)
            name = f"{target} in namespace {namespace}"
            kubernetes = about_cluster(place)
        origin = origin_here(name, kubernetes)
        exposed = None if metrics_port is None else _exposed(metrics_port)
        return _looked_at(service, name, origin, seconds, form, out, watch=watch, exposed=exposed)
    except Trouble as trouble:
        refuse(str(trouble))


def _word(name: str) -> str:
    """Return what a folder may be called: the name of a target, as far as it is one."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower())[:MOST_WORD].strip("-")


def _exposed(port: int) -> "Exposed":
    """Serve metrics, which have no values yet."""
    # Not earlier: no other command needs what they import.
    from long_lived.lab.analysis.live.exposed import Exposed
    from long_lived.metrics.exporter import export, listen

    exposed = Exposed()
    try:
        export(listen("", port), exposed.collect)
    except OSError as error:
        refuse(f"--metrics-port: {error}")
    return exposed


def _looked_at(
    service: LiveService,
    name: str,
    origin: Origin,
    seconds: float,
    form: str,
    out: Path,
    *,
    watch: bool,
    exposed: "Exposed | None",
) -> int:
    interrupts = Interrupts()
    before, at = service.look(), time.monotonic()
    folder = new_folder(out, f"inspect-{_word(name)}")
    while True:
        while time.monotonic() < at + seconds and interrupts.stop_signal() is None:
            time.sleep(TICK_SECONDS)
        if (number := interrupts.stop_signal()) is not None:
            return 128 + number
        after, now = service.look(), time.monotonic()
        found = judged(service, before, after, now - at)
        if exposed is not None:
            exposed.take(found)
        kept = _show(found, name, origin, form, folder)
        if form == "text":
            print(flush=True)
        if not watch:
            return 0 if kept and found.finding in (Finding.EVEN, Finding.TOO_FEW) else 1
        before, at = after, now


def _show(found: Inspection, name: str, origin: Origin, form: str, folder: Path) -> bool:
    """Print what was found, keep it, and tell whether that worked."""
    now = time.time()
    told = as_dict(found, name, now)
    if form == "json":
        print(json.dumps(told), flush=True)
    else:
        print("\n".join(lines(found, name, now)), flush=True)
    kept = was_kept(folder, lambda: keep_inspection(folder, told, origin))
    return kept and show_page(folder, inspection_page(told, origin), quiet=form == "json")
