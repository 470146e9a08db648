"""The laboratory: runs an experiment, restarts replicas in it, and says what it showed."""
