"""Processes that the lab starts, and the reaper that ends them when the lab is killed."""
