"""nginx with upstream keep-alive before three gunicorns, two of which restart: what inspect says.

    .venv/bin/python bench/nginx_demo.py

Needs nginx on the PATH (apt-get install nginx-light). gunicorn is its own, with an app of nobody's;
the load is threads that each keep a connection to nginx.
"""

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

USERS = 200
WAIT_SECONDS = 0.3
LIFE_SECONDS = 12.0

APP = f"""
import time
def app(environ, start_response):
    time.sleep({WAIT_SECONDS})
    start_response("200 OK", [("Content-Length", "3")])
    return [b"ok\\n"]
"""

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  upstream shop {{ server 127.0.0.1:{port}; keepalive {users}; }}
  server {{
    listen 127.0.0.1:{front}; keepalive_requests 1000000;
    location / {{
      proxy_pass http://shop; proxy_http_version 1.1; proxy_set_header Connection "";
    }}
  }}
}}
"""


def free_port() -> int:
    """Find a port."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def main() -> None:
    """Set up, restart, and look."""
    if not shutil.which("nginx"):
        sys.exit("nginx is not installed: apt-get install nginx-light")
    port, front = free_port(), free_port()
    started: list[subprocess.Popen[bytes]] = []
    stop = threading.Event()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "shop.py").write_text(APP)
        (folder / "nginx.conf").write_text(
            NGINX.format(folder=folder, port=port, front=front, users=USERS)
        )
        try:
            started += [replica(folder, port) for _ in range(3)]
            time.sleep(2)
            nginx = ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
            started.append(subprocess.Popen(nginx))
            time.sleep(1)
            for _ in range(USERS):
                threading.Thread(target=user, args=(front, stop), daemon=True).start()
            time.sleep(5)
            for old in started[1:3]:
                old.send_signal(signal.SIGTERM)
            time.sleep(3)
            started += [replica(folder, port) for _ in range(2)]
            time.sleep(LIFE_SECONDS)
            command = [sys.executable, "-m", "long_lived.lab", "inspect", "--local", str(port)]
            subprocess.run(command, check=False)
        finally:
            stop.set()
            for process in started:
                process.terminate()
            for process in started:
                process.wait(10)


def replica(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Start one gunicorn on the shared port."""
    options = ["--worker-class", "gthread", "--threads", "300", "--keep-alive", "600"]
    where = ["--bind", f"127.0.0.1:{port}", "--reuse-port"]
    command = [sys.executable, "-m", "gunicorn", *where, *options, "shop:app"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=folder, stdout=quiet, stderr=quiet)


def user(front: int, stop: threading.Event) -> None:
    """Ask again and again, over one connection."""
    connection = HTTPConnection("127.0.0.1", front, timeout=30)
    while not stop.is_set():
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except OSError:
            connection.close()
        time.sleep(0.1)


if __name__ == "__main__":
    main()
