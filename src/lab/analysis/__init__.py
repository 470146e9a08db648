"""What a run showed: pure functions of its summary, which read no clock, file or socket."""
