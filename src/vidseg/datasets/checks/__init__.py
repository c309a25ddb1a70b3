"""What can be wrong with a dataset on disk, found file by file without stopping at the first."""
