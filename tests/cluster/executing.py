"""`kubectl exec` on the wire: a WebSocket whose messages begin with the number of a channel.

Source: RFC 6455, and kubernetes staging/src/k8s.io/apimachinery/pkg/util/remotecommand (protocol
v5.channel.k8s.io).
"""

import json
from base64 import b64encode
from hashlib import sha1

PROTOCOL = "v5.channel.k8s.io"
ERROR_CHANNEL = 3
BINARY, CLOSE = 0x82, 0x88


def accepted(key: str) -> str:
    """Return the answer to a client's key."""
    text = f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    return b64encode(sha1(text.encode(), usedforsecurity=False).digest()).decode()


def ended(exit_status: int) -> bytes:
    """Return the frames that end a command without output."""
    status = {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {exit_status}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(exit_status)}]},
    }
    content = bytes([ERROR_CHANNEL]) + json.dumps(status).encode()
    return _frame(BINARY, content) + _frame(CLOSE, (1000).to_bytes(2, "big"))


def _frame(head: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 126 else bytes([126]) + size.to_bytes(2, "big")
    return bytes([head]) + length + content
