"""What a run leaves behind: the contract between what runs and what judges.

The client writes it, the lab reads it. Nothing here knows either of them.
"""
