"""What the events of a run did: its phases, what broke, and how long until all was even again."""
