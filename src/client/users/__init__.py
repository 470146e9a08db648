"""The virtual users: when each sends, and how a request of theirs ends."""
