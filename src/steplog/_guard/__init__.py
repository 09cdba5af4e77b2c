"""A guard, for those who ask for it: limits on what a run may use. The only thing here that may stop a host."""
