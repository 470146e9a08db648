"""TLS with a server that is nobody's here: nginx, where it is installed."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from tests.sockets import free_port, listeners
from tests.waiting import eventually

CONFIGURATION = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port} ssl; keepalive_requests 2;
    ssl_certificate {folder}/tls.pem; ssl_certificate_key {folder}/tls.pem;
    location / {{ add_header X-Pod nginx-1 always; return 503 "no\\n"; }}
  }}
}}
"""


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[int]:
    """Run nginx with a certificate; return its port."""
    program = shutil.which("nginx")
    if program is None:
        pytest.skip("nginx is not installed (apt-get install nginx-light)")
    port, authority = free_port(), trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    pem = authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem
    pem.write_to_path(tmp_path / "tls.pem")
    file = tmp_path / "nginx.conf"
    file.write_text(CONFIGURATION.format(folder=tmp_path, port=port))
    command = [program, "-c", str(file), "-e", str(tmp_path / "error.log")]
    with subprocess.Popen(command) as process:
        eventually(lambda: process.poll() is None and listeners(port))
        yield port
        process.terminate()
        process.wait(30)


def test_connections_that_nginx_closes_are_resumed(nginx: int, tmp_path: Path, call) -> None:
    """Each connection carries its two requests, and only the first costs a full handshake."""
    caller = call(
        f"https://127.0.0.1:{nginx}/",
        *(f"client.target.tls.caFile={tmp_path}/ca.pem", "client.target.status=503"),
        "client.target.identity=header:X-Pod",
    )
    answers = [caller.ask() for _ in range(6)]
    assert {answer.pod for answer in answers} == {"nginx-1"}
    assert [answer.close_announced for answer in answers] == [False, True] * 3
    assert (caller.book.opened, caller.book.resumed) == (3, 2)
