"""The seed's client, taken literally: one shared session, a pool of threads, `print`.

Every default is the library's. For comparison only.
"""

import random
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import requests

url, users = sys.argv[1], int(sys.argv[2])
session = requests.Session()


def user(_: int) -> None:
    """Make one request, and think."""
    print(session.get(url, timeout=120).text.strip())
    time.sleep(random.uniform(1, 3))


def main() -> None:
    """Run all users."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with ThreadPoolExecutor(users) as pool:
        list(pool.map(user, range(users)))


if __name__ == "__main__":
    main()
