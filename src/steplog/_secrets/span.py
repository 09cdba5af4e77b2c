"""Where a secret stands in a text."""

Span = tuple[int, int, str]  # its first character, the one behind its last, and its kind
