"""Recipes: typed sections, shipped YAML, and how they are loaded and overridden."""
