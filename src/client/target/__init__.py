"""The service that is loaded: what is asked of it, and how its answers are understood."""
