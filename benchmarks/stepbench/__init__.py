"""Workloads, variants and measures of the benchmark; `python benchmarks/run.py` is its command."""
