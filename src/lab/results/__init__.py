"""What runs left in their folders: read again, shown as a page, listed, compared."""
