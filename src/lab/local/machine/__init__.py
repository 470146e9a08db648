"""What this machine has, and what it cannot do."""
