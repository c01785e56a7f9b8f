"""A distribution outside sketchfit that adds one member to each family."""
