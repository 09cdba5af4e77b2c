"""Runs as other programs read them. The log is the truth and stays: everything here is a view that can be made again."""
