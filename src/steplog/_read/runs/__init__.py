"""From lines to runs: steps, messages, references, totals."""
