"""Closed segments: which are kept, deleted, compressed."""
