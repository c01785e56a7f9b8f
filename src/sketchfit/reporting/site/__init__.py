"""The site of a run: its overview, the bar on all its pages, and links to pages that other commands wrote about it."""
