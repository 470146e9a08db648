"""Processes that serve one port of this machine, and the connections that each holds."""

import os
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

import psutil

from long_lived.lab.analysis.live.looks import Holder, Seen, text_of
from long_lived.lab.analysis.live.sockets import Peer, sockets
from long_lived.lab.experiment.backend import Trouble
from long_lived.record.lines import printable

SOCKETS = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))

INTERPRETERS = ("python", "node", "ruby", "perl")


class LocalService:
    """What listens on a port: replicas that share it, or the workers of one server."""

    def __init__(self, port: int) -> None:
        """Look at `port`."""
        self._port = port
        self._clients: dict[str, str] = {}
        self._nameless = 0

    def look(self) -> list[Seen]:
        """Look at all processes that listen on the port or hold a connection to it.

        A process that only listens while a child of it does, too, is not one of them: it has bound
        the port for its workers. Where a child holds a connection and does not listen, as in
        PostgreSQL, which forks one for each, it is the parent's.

        Raises:
            Trouble: nothing listens there, or other users' sockets may not be seen.
        """
        found = [
            one
            for file in SOCKETS
            if file.exists()
            for one in sockets(file.read_text(encoding="ascii"), self._port)
        ]
        owners = _owners({one.inode for one in found} - {0})
        listening = {pid for one in found if one.listening for pid in owners.get(one.inode, ())}
        peers: dict[int, list[Peer]] = defaultdict(list)
        outgoing: dict[str, int] = {}
        nameless = 0
        servers: dict[int, int] = {}
        for one in found:
            processes = owners.get(one.inode, ())
            nameless += one.local and not processes
            if one.listening:
                continue
            if not one.local:
                outgoing.update({text_of(one.own): pid for pid in processes})
                continue
            for pid in processes:
                servers.setdefault(pid, _server(pid, listening))
            for server in {servers[pid] for pid in processes}:
                peers[server].append(one.other)
        if not listening and not peers:
            whose = " that this user may see (root sees all)" if os.geteuid() else ""
            raise Trouble(f"no process listens on port {self._port}{whose}")
        self._nameless = nameless
        self._clients = self._named(outgoing)
        return [
            Seen(_holder(pid), peers.get(pid, []))
            for pid in sorted({*listening, *peers} - self._parents(listening, peers))
        ]

    def owners(self, addresses: Collection[Peer]) -> Mapping[str, str]:  # noqa: ARG002 - of pods
        """Name the processes on this machine at the other ends."""
        return self._clients

    @property
    def notes(self) -> list[str]:
        """Say how many sockets belong to processes that this user may not see."""
        if not self._nameless or os.geteuid() == 0:
            return []
        return [f"{self._nameless:,} sockets are other users': root sees whose they are"]

    def _named(self, outgoing: Mapping[str, int]) -> dict[str, str]:
        names = {pid: name_of(pid) for pid in set(outgoing.values())}
        return {peer: names[pid] for peer, pid in outgoing.items()}

    def _parents(self, listening: Collection[int], peers: Mapping[int, object]) -> set[int]:
        """Find those that listen for their children."""
        parents = set()
        for pid in listening:
            try:
                parents.add(psutil.Process(pid).ppid())
            except psutil.Error:
                continue
        return {pid for pid in parents if pid in listening and pid not in peers}


def _owners(inodes: Collection[int]) -> dict[int, list[int]]:
    """Find the processes that have these sockets open, as far as this user may see."""
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    owners: dict[int, list[int]] = defaultdict(list)
    for pid in psutil.pids():
        folder = f"/proc/{pid}/fd"
        try:
            files = os.listdir(folder)
        except OSError:  # another user's, or gone
            continue
        for file in files:
            try:
                inode = wanted.get(os.readlink(f"{folder}/{file}"))
            except OSError:
                continue
            if inode is not None and pid not in owners[inode]:
                owners[inode].append(pid)
    return owners


def _server(pid: int, listening: Collection[int]) -> int:
    """Find the process that listens: this one, or one that it descends from; else this one."""
    if pid in listening:
        return pid
    try:
        ancestors = psutil.Process(pid).parents()
    except psutil.Error:
        return pid
    return next((one.pid for one in ancestors if one.pid in listening), pid)


def name_of(pid: int) -> str:
    """Name a process: of an interpreter, what it runs."""
    try:
        process = psutil.Process(pid)
        name, command = process.name(), process.cmdline()
    except psutil.Error:
        return f"process {pid}"
    if name.startswith(INTERPRETERS) and len(command) > 1 and "-c" not in command:
        runs = command[command.index("-m") + 1 :] if "-m" in command else command[1:]
        name = next((Path(word).name for word in runs if not word.startswith("-")), name)
    return printable(f"{name} {pid}")


def _holder(pid: int) -> Holder:
    try:
        started = psutil.Process(pid).create_time()
    except psutil.Error:
        started = 0.0
    return Holder(name_of(pid), started)
