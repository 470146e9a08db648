"""The command `long-lived`."""

from lab.commands import cli


def main() -> None:
    """Run the command line."""
    cli(prog_name="long-lived")


if __name__ == "__main__":
    main()
