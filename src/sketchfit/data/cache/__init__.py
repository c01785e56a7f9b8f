"""The cache: its folder, what it holds, which of that is in use, and how large it may become."""
