"""The command `plan`: what a load would take on a cluster, before anything runs."""

import math

import click

from long_lived.lab.analysis.scale.plan import Nodes, plan
from long_lived.lab.commands.options import refuse, set_option
from long_lived.lab.commands.scenarios import scenarios_argument, values_files
from long_lived.lab.report.plan import lines
from long_lived.settings import SettingsError, load
from long_lived.settings.sections.client import MOST_CLIENTS


@click.command()
@scenarios_argument
@click.option(
    "--connections",
    type=click.IntRange(1, 100_000_000),
    metavar="N",
    help="Of all clients together: sets client.parallelism and client.concurrency.",
)
@click.option("--replicas", type=click.IntRange(1, 1000), metavar="K", help="Sets server.replicas.")
@click.option(
    "--nodes", type=click.IntRange(1, 10_000), default=3, show_default=True, help="Of the cluster."
)
@click.option(
    "--node-cores",
    type=click.IntRange(1, 1024),
    default=4,
    show_default=True,
    help="Processors of each node.",
)
@set_option
def plan_command(
    scenarios: tuple[str, ...],
    connections: int | None,
    replicas: int | None,
    nodes: int,
    node_cores: int,
    overrides: tuple[str, ...],
) -> int:
    """Say what a load takes on a cluster, and which limit bites first. Starts nothing.

    The figures follow from measured costs (docs/scale.md) and the usual limits of Kubernetes.

    Exit status: 0 all limits suffice, or may, where not every cluster has one; 1 one does not.
    """
    try:
        files = values_files(scenarios)
        wanted = [*overrides, *([f"server.replicas={replicas}"] if replicas else [])]
        settings = load(files, wanted)
        if connections:
            clients = min(MOST_CLIENTS, math.ceil(connections / settings.client.concurrency))
            each = math.ceil(connections / clients)
            wanted += [f"client.parallelism={clients}", f"client.concurrency={each}"]
            settings = load(files, wanted)
        found = plan(settings, Nodes(nodes, node_cores))
    except (SettingsError, ValueError) as error:
        refuse(str(error))
    print("\n".join(lines(found)))
    return 1 if any(one.load > 1 and not one.assumed for one in found.limits) else 0
