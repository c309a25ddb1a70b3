"""Official numbers of the benchmarks: joins label files on disk with the metrics."""
