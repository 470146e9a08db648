"""A result as one HTML page: data shaped for plots and tables, and put into templates. Pure."""
