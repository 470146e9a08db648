"""The course of an experiment, its events, what a backend has to offer, and what a run leaves."""
