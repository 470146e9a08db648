"""Start the client: `python -m client --values FILE`.

With the engine gevent this process becomes `client.patched`, because gevent's patches
must come before anything else is imported.
"""

import os
import sys

from client.arguments import read
from client.runner import Runner


def main() -> int:
    """Run the client that the command line names; return the exit status."""
    options = read()
    if options.settings.client.engine == "gevent" and "gevent.monkey" not in sys.modules:
        os.execv(sys.executable, [sys.executable, "-m", "client.patched", *sys.argv[1:]])
    return Runner(options.settings, options.source_address, options.progress_seconds).run()


if __name__ == "__main__":
    sys.exit(main())
