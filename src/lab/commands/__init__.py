"""The command line: a module for each command of `long-lived`, and what they share."""
