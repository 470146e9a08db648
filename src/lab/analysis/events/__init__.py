"""The events of a run: which replicas they replaced, found or told, and what they did to the run."""
