"""Features of all images from a frozen backbone, and heads on them in closed form."""
