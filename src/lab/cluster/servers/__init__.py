"""The server pods of a run: who serves, what happens to them, and what others do to them."""
