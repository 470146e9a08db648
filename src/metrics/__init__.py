"""Live metrics: what they are called and mean, for server, client and `inspect` alike.

Whoever has counts hands them over as plain numbers. Nothing here is imported before the setting
metrics.enabled asks for it, apart from `closing`, which imports nothing.
"""
