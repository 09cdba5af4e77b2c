"""From bytes to lines: segments, damage, order, and whether who wrote them still lives."""
