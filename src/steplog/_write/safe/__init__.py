"""Any object to plain, bounded JSON without secrets, and without running the object's code."""
