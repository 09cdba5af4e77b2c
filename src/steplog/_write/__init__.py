"""From a fact to bytes in a file."""
