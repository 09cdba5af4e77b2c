"""Many machines: closed segments to a store, verified; what is read from one; the same questions on Spark."""
