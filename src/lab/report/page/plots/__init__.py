"""Plots, as objects that the page's script draws. Pure."""
