"""Frames in and pictures out: open, decode, draw, write."""
