"""Where each benchmark keeps its files, what its lists say: one file a benchmark."""
