"""Backbones, heads, weights, freezing, weight averaging."""
