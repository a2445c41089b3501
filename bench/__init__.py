"""Benchmarks: each measures the product beside a bare baseline of the same machine, in one run."""
