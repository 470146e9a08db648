"""How a server in a container is killed, from within: SIGKILL, and no drain.

`kubectl delete --force` does not kill: the kubelet sends SIGTERM and waits for about two seconds.
`kill -9 1` in the container does nothing: from a PID namespace's own processes its first one gets
only signals for which it has a handler, and SIGKILL allows none (pid_namespaces(7)). The kernel
itself may send it one, and does when the process has had the CPU time that its hard limit allows
(setrlimit(2), RLIMIT_CPU). A process of the same user may set that limit (prlimit(2)): no
capability, no tool but Python is needed. All other processes of its namespace end with the first,
and the kernel closes their connections.
"""

from inspect import getsource

KILLED = "exit code 137"
"""What kubectl exec says at the end of a command that went with the container: 128 + SIGKILL.
Source: kubernetes staging/src/k8s.io/client-go/util/exec and kubectl pkg/cmd/exec."""


def kill_command(port: int) -> list[str]:
    """Return what to run in the container of a server that listens on `port`."""
    return ["python", "-I", "-c", f"{getsource(end_container)}\nend_container({port})"]


def end_container(port: int) -> None:
    """Kill the first process of this PID namespace, and with it all others; run there alone.

    Raises:
        SystemExit: the first process is not this project's server, as when the pod's containers
            share their processes, or it is still running after some seconds.
        OSError: it belongs to another user.
    """
    import os
    import resource
    import socket
    import sys
    import time
    from pathlib import Path

    command = Path("/proc/1/cmdline").read_bytes()
    if b"long_lived.server" not in command and b'"listeners"' not in command:
        sys.exit("the first process of the container is not the server")
    resource.prlimit(1, resource.RLIMIT_CPU, (0, 0))
    try:
        # gunicorn's workers. Their master wakes up for it.
        os.kill(-1, 9)
    except ProcessLookupError:
        pass
    # The kernel looks at the limit when a tick of its clock finds the process at work.
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
                connection.recv(1)
        except OSError:
            time.sleep(0.001)
    sys.exit("the server is still running after 5 s")
