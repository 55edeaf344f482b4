"""Geometry and geography as pure functions: arrays and frames in, arrays and frames out."""
