"""Readers of the benchmarks' own folder layouts, one module each."""
