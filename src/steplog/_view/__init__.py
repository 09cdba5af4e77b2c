"""The page where people look at runs: its data, the server, one file that holds everything, the notebook's frame."""
