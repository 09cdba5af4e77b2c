"""What people and programs note of runs: judgements, in a file of their own beside the log."""
