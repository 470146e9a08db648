"""A live service, seen from its sockets alone: who holds its connections, and what that means."""
