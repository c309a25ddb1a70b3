"""Label formats: results out, frame by frame, and nothing half-written."""
