"""What commands that run an experiment share: its settings, its backend, and how it ends."""
