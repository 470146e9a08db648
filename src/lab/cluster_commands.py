"""The commands for a run on a cluster that somebody has started: `verify`, `restart`."""

from pathlib import Path

import click

from long_lived.lab.backend import Trouble
from long_lived.lab.cli import (
    carry_out,
    conclude,
    new_folder,
    out_option,
    place_options,
    refuse,
    refuse_place,
)
from long_lived.lab.cluster import ClusterBackend
from long_lived.lab.interrupts import Interrupts
from long_lived.lab.pods import names
from long_lived.lab.release import Release
from long_lived.lab.saved_logs import observation
from long_lived.lab.tools import Kubectl, Place
from long_lived.settings import Restart

app_option = click.option(
    "--app",
    default="",
    metavar="NAME",
    help="Which one, where a parent chart holds several: its label app.kubernetes.io/name.",
)


@click.command()
@place_options
@app_option
@click.option(
    "--from-log",
    "logs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A client's log that was saved, instead of a cluster. May be repeated.",
)
@click.argument("more_logs", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@out_option
def verify(
    release: str,
    namespace: str,
    context: str,
    app: str,
    logs: tuple[Path, ...],
    more_logs: tuple[Path, ...],
    out: Path,
) -> int:
    """Wait for the newest run of a release, and say what it showed.

    The logs of all client pods are merged. With --from-log FILE... the same is done for logs
    that were saved, of all clients of one run.

    Exit status: 0 the finding is the expected one, 1 it is not or the run is incomplete,
    2 no such release, 130 or 143 interrupted.
    """
    if more_logs and not logs:
        refuse(f"verify {more_logs[0]}: a log is given with --from-log {more_logs[0]}")
    if logs:
        refuse_place("a verdict on saved logs")
        return _verify_logs((*logs, *more_logs), out)
    place = Place(namespace, context)
    try:
        job = Release(Kubectl(place), release, namespace, app).newest_job()
        folder = new_folder(out, job.name)
        backend = ClusterBackend(release, place, folder, app=app)
    except Trouble as trouble:
        refuse(str(trouble))
    opening = f"{job.name}: release {release} in namespace {namespace}"
    return carry_out(backend, Restart(), folder, Interrupts(), opening).status


@click.command()
@place_options
@app_option
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="How many server pods are left alone, the oldest ones.",
)
@click.option("--kill", is_flag=True, help="Kill the servers first: no drain.")
def restart(release: str, namespace: str, context: str, app: str, keep: int, kill: bool) -> int:
    """Restart server pods of a release by deleting them, in a run that is under way.

    `verify` then finds the restart by itself.
    """
    place = Place(namespace, context)
    try:
        found = Release(Kubectl(place), release, namespace, app)
        pods = names(pod for pod in found.server_pods(found.generation()) if not pod.leaving)
        if not pods:
            raise Trouble(f"release {release} in namespace {namespace} has no server pods")
        if len(pods) <= keep:
            raise Trouble(
                f"--keep {keep}: there are {len(pods)} server pods; allowed is less than that"
            )
        alive: list[str] = []
        if kill:
            alive = found.kill(pods[keep:], found.port())
        else:
            found.delete(pods[keep:])
    except Trouble as trouble:
        refuse(str(trouble))
    for why in alive:
        print(f"not killed, but ended by SIGTERM and SIGKILL some 2 s later: {why}")
    print(f"deleted: {', '.join(pods[keep:])}; kept: {', '.join(pods[:keep]) or 'none'}")
    return 0


def _verify_logs(files: tuple[Path, ...], out: Path) -> int:
    try:
        seen = observation(files)
    except OSError as error:
        refuse(f"--from-log {error.filename}: {error.strerror}: allowed is a client's log")
    name = "from-log"
    if seen.summary is not None:
        name = seen.summary["settings"]["experiment"]["name"]
    return conclude(seen, new_folder(out, name)).status
