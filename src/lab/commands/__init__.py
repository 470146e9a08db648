"""The command line: one module for each command of `long-lived`, and what they share."""
