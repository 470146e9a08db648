"""What the terminal shows: the run while it goes on, and streams that no write can break."""
