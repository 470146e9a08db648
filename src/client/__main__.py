"""Start the client: `python -m long_lived.client --values FILE`.

With the engine gevent this process becomes `client.engines.patched`, because gevent must patch
before anything else is imported.
"""

import logging
import os
import sys
from typing import NoReturn

from long_lived.client.arguments import read


def main() -> NoReturn:
    """Run the client that the command line names, and end with its exit status."""
    options = read()
    if options.settings.client.engine == "gevent" and "gevent.monkey" not in sys.modules:
        # If this process imports nothing from the working folder, that one must not either.
        safe = ["-P"] if sys.flags.safe_path else []
        patched = [sys.executable, *safe, "-m", "long_lived.client.engines.patched"]
        os.execv(sys.executable, [*patched, *sys.argv[1:]])
    # Not earlier: a process that becomes `client.engines.patched` has no use for it.
    from long_lived.client.runner import Runner

    # urllib3 warns about each connection that does not fit its pool, which is by design here.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    Runner(options).run()


if __name__ == "__main__":
    main()
