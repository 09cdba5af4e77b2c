"""What a secret looks like: in a text, under a key, in this process's environment."""
