"""A run's folder: typed, versioned artefacts; the only reader and writer."""
