"""What `make site` needs besides mkdocs: hooks and generated pages."""
