"""A server that costs next to nothing, so that a client's cost is measured and not the server's.

asyncio, standard library only: reads requests on kept connections, waits, names itself.
"""

import asyncio
import json
import random
import resource
import sys
from itertools import count

numbers = count(1)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one connection's requests until it is closed."""
    low, high = float(sys.argv[1]), float(sys.argv[2])
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            slow = head.startswith(b"GET / ")
            delay = random.uniform(low, high) if slow else 0.0
            if slow:
                await asyncio.sleep(delay)
            body = f"Response from Pod bench after {delay:.3f} s\n".encode()
            kind = b"text/plain"
            if b"application/json" in head:
                body = json.dumps({"pod": "bench", "delay_seconds": delay}).encode()
                kind = b"application/json"
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b"
                % (kind, len(body), body)
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    """Print the port, and serve until the process is ended."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=16_384)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
