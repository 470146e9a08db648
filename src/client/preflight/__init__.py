"""The checks before the first request: limits of this machine, readiness of the servers."""
