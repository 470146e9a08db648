"""What a look at live sockets costs: 3 x 3,000 local connections, and a text of 10,000 sockets.

.venv/bin/python bench/inspect_sockets.py
"""

import resource
import socket
import subprocess
import sys
import time

from long_lived.lab.analysis.live.sockets import peers
from long_lived.lab.local.live import LocalService

PROCESSES = 3
EACH = 3_000

HOLD = """
import socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen(4096)
held = []
while True:
    held.append(listener.accept())
"""


def main() -> None:
    """Measure both."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    text = "  sl  local_address\n" + "".join(
        f"{n:4}: 0100007F:1F90 0A{n >> 8:02X}{n & 255:02X}0A:{n + 1:04X} 01 00000000:00000000\n"
        for n in range(10_000)
    )
    began = time.process_time()
    found = peers(text, 8080)
    print(f"{len(found):,} sockets parsed in {1000 * (time.process_time() - began):.1f} ms of CPU")
    with socket.socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        command = [sys.executable, "-c", HOLD, str(port)]
        serving = [subprocess.Popen(command) for _ in range(PROCESSES)]
        try:
            time.sleep(2)
            clients = [
                socket.create_connection(("127.0.0.1", port)) for _ in range(PROCESSES * EACH)
            ]
            time.sleep(2)
            service = LocalService(port)
            began = time.process_time()
            looks = [service.look(), service.look()]
            took = time.process_time() - began
            total = sum(len(one.peers) for one in looks[-1])
            print(f"two looks at {total:,} of {len(clients):,} connections: {took:.2f} s of CPU")
        finally:
            for process in serving:
                process.kill()


if __name__ == "__main__":
    main()
