"""The kinds of events: one module for each, and a registry of them."""
