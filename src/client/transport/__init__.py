"""Requests, answers and the connections under them, which are counted and bounded."""
