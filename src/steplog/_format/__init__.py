"""What a line is; imports nothing of ours. The words of it: `docs/format.md`."""
