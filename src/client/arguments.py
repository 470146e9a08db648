"""The client's command line."""

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from long_lived.client.users.draws import client_index
from long_lived.settings import Settings
from long_lived.settings.arguments import parser, refuse, settings_from

PROGRAM = "client"


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    settings: Settings
    source_addresses: list[str]
    """Local addresses to connect from; none lets the kernel choose."""
    progress_seconds: float
    addresses: Path | None
    """A file with the addresses of the replicas, instead of a name that has them."""
    index: int
    """Which of the run's clients this is, from 0."""
    metrics_address: str
    """Where metrics are served, if they are; empty means on all interfaces."""


def read() -> Options:
    """Read the command line; exit with status 2 and one line where it cannot be used."""
    flags = parser(PROGRAM, "Hold many slow requests at once, and count who answers them.")
    flags.add_argument(
        "--source-address",
        action="append",
        default=[],
        dest="source_addresses",
        metavar="ADDRESS",
        help="local address to connect from; may be repeated, then connections take them in turns "
        "(default: the kernel's choice)",
    )
    flags.add_argument(
        "--progress-seconds",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="how often to report progress on standard error; 0 means never (default: 5)",
    )
    flags.add_argument(
        "--addresses",
        type=Path,
        metavar="FILE",
        help="with client.balancing headless, where the replicas are: lines of `ADDRESS PORT`, "
        "read again and again (default: the addresses of client.readiness.host)",
    )
    arguments = flags.parse_args()
    for address in arguments.source_addresses:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            refuse(PROGRAM, f"--source-address {address!r}: must be an IP address")
    if not 0 <= arguments.progress_seconds <= 3600:
        refuse(PROGRAM, f"--progress-seconds {arguments.progress_seconds}: must be 0 to 3600")
    settings = settings_from(arguments, PROGRAM)
    if not settings.client.enabled:
        refuse(PROGRAM, "client.enabled = false: a client that runs needs client.enabled = true")
    _refuse_balancing_without_addresses(settings, arguments.addresses)
    try:
        index = client_index(os.environ)
    except ValueError as error:
        refuse(PROGRAM, str(error))
    return Options(
        settings,
        arguments.source_addresses,
        arguments.progress_seconds,
        arguments.addresses,
        index,
        arguments.metrics_address or "",
    )


def _refuse_balancing_without_addresses(settings: Settings, addresses: Path | None) -> None:
    """Refuse to choose among nothing, and a choice that nobody makes."""
    balancing = settings.client.balancing
    if balancing == "headless" and not (addresses or settings.client.readiness.host):
        refuse(
            PROGRAM,
            "client.balancing = headless: nothing says where the replicas are; "
            "client.readiness.host must name the headless Service, or --addresses a file",
        )
    if balancing != "headless" and addresses:
        refuse(
            PROGRAM,
            f"--addresses {addresses}: has no effect with client.balancing = {balancing}; must be "
            "left out, or the balancing headless",
        )
