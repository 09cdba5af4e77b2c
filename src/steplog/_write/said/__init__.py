"""What was said: each message and long value in full once in a run, everywhere else as its number or its place."""
