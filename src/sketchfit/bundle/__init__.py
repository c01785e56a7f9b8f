"""Bundles: one network with everything that predicting needs, in a folder that is used without torch."""
