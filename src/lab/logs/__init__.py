"""Reading the clients' logs: as they grow, of a client that was killed, and saved ones."""
