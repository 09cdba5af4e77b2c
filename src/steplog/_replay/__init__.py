"""A recorded run answers again: for offline tests of the agent that made it."""
