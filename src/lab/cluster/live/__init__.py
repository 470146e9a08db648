"""A live Service on a cluster: its pods, their sockets, and whose the other ends are."""
