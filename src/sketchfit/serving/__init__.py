"""The HTTP service of a bundle, and the page to draw on. Nothing here imports torch."""
