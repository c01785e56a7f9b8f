"""Runs compared with each other on the same drawings."""
