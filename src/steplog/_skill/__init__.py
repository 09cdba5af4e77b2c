"""What coding agents are told of steplog: a few words always, the rest when they ask."""
