"""The worker classes by the names of the settings: gunicorn's own, and those repaired here."""

from gunicorn.workers import SUPPORTED_WORKERS

REPAIRED = {
    "gthread-repaired": "long_lived.server.runtimes.gunicorn.workers.thread.ThreadWorker",
    "gevent-repaired": "long_lived.server.runtimes.gunicorn.workers.gevent.GeventWorker",
    "sync-repaired": "long_lived.server.runtimes.gunicorn.workers.sync.SyncWorker",
}


def path(worker_class: str) -> str:
    """Return the dotted path of a worker class, as gunicorn takes it."""
    return REPAIRED.get(worker_class) or str(SUPPORTED_WORKERS[worker_class])
