"""A run's result in the forms that programs and other pages read. Pure."""
