"""What locust is given to do in `bench/clients.py`: each user sends one request, and stays."""

from collections import Counter

from locust import FastHttpUser, HttpUser, User, events
from locust.exception import StopUser

ENDED: Counter[int] = Counter()


def hold(user: User) -> None:
    """Send one request, and wait for the answer; who gets the last one ends the run."""
    with user.client.get("/", catch_response=True) as answer:
        ENDED[answer.status_code] += 1
    if ENDED.total() >= user.environment.parsed_options.num_users:
        user.environment.runner.quit()
    raise StopUser


class Requests(HttpUser):
    """Sends with requests."""

    tasks = (hold,)


class Fast(FastHttpUser):
    """Sends with geventhttpclient."""

    tasks = (hold,)
    connection_timeout = network_timeout = 900.0


@events.quitting.add_listener
def tell(**_: object) -> None:
    """Print what `bench/clients.py` looks for."""
    print(f"{ENDED[200]} requests in locust", flush=True)
