"""The command `restart`: delete server pods in a run that is under way."""

import click

from long_lived.lab.cluster.pod_access import PodAccess
from long_lived.lab.cluster.pods import names
from long_lived.lab.cluster.release import Release
from long_lived.lab.cluster.tools.kubectl import Kubectl, Place
from long_lived.lab.commands.options import app_option, place_options, refuse
from long_lived.lab.experiment.backend import Trouble


@click.command()
@place_options
@app_option
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="How many server pods to leave alone, oldest first.",
)
@click.option("--kill", is_flag=True, help="Kill the servers first: no drain.")
def restart_command(
    release: str, namespace: str, context: str, app: str, keep: int, kill: bool
) -> int:
    """Restart server pods of a release by deleting them, in a run that is under way.

    `verify` then finds the restart by itself.
    """
    place = Place(namespace, context)
    try:
        kubectl = Kubectl(place)
        found, access = Release(kubectl, release, namespace, app), PodAccess(kubectl, namespace)
        pods = names(pod for pod in found.server_pods(found.generation()) if not pod.leaving)
        if not pods:
            raise Trouble(f"release {release} in namespace {namespace} has no server pods")
        if len(pods) <= keep:
            raise Trouble(
                f"--keep {keep}: there are {len(pods)} server pods; must be less than that"
            )
        remarks: list[str] = []
        if kill:
            remarks = access.kill(pods[keep:], found.port())
        else:
            access.delete(pods[keep:])
    except Trouble as trouble:
        refuse(str(trouble))
    for remark in remarks:
        print(remark)
    print(f"deleted: {', '.join(pods[keep:])}; kept: {', '.join(pods[:keep]) or 'none'}")
    return 0
