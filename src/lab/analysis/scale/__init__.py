"""What a number of connections would take, before anything runs."""
