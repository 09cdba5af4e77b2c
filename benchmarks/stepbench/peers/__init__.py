"""Other recorders, one module each; a package that is not installed is a variant skipped with the reason."""
