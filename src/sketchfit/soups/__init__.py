"""Model soups: means of trained networks' weights."""
