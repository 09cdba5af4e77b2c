"""Answers over one run or many: which, why, how much, where, and what differs."""
