"""What a training picture goes through: geometry, strokes, distortion, erasing, mixing, policies."""
