"""The replica's log: one line per event on standard error, times in UTC.

There is no access log: 10,000 requests would be 10,000 lines, all of which the client already has.
"""

import logging
import time

LINE = "%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s"
TIME = "%Y-%m-%dT%H:%M:%S"


def formatter() -> logging.Formatter:
    """Make the formatter that every line of a replica goes through."""
    made = logging.Formatter(LINE, TIME)
    made.converter = time.gmtime
    return made


def set_up() -> None:
    """Send this process's log to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(formatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
