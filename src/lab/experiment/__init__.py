"""The course of an experiment, what a backend has to offer, and what a run leaves behind."""
