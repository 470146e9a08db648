"""Commands for results that were kept."""
