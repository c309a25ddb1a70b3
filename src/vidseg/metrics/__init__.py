"""Measures of video segmentation on plain arrays: one measure a file, no files read or written."""
