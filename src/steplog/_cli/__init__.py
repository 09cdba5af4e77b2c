"""The `steplog` command: each command is a few lines of parsing, one call to the library, and a rendering."""
