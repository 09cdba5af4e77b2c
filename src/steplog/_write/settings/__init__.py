"""What shapes a log, and where each setting comes from."""
