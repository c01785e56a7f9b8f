"""Decoders of image files, one file per kind of format; `data.images` chooses among them by a file's content."""
