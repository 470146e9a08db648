"""The client: virtual users that hold long-lived requests, and an exact account of them."""
