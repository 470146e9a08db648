"""The client's entry for the engine gevent: it patches first and imports everything else after."""

from gevent import monkey

monkey.patch_all()

from long_lived.client.__main__ import main  # noqa: E402 - must follow the patch

if __name__ == "__main__":
    main()
