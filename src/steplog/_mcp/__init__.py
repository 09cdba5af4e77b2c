"""The server for coding agents that have no shell: the Model Context Protocol over standard input and output."""
