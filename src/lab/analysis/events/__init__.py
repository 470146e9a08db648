"""The events of a run: which replicas they replaced, as told or inferred, and what they did."""
