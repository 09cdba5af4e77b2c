"""Recording without a change to the program: what waits for a framework, and what brings that into a process."""
