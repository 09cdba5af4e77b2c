"""What happened: starts, ends and points of steps as records with numbers, parents, durations and totals."""
