"""Bytes to the end of a file, whole lines only, whatever cuts in."""
