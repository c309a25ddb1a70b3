"""Facts about masks and points; numpy and scipy only."""
