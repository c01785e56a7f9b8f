"""Heat maps: where in a drawing the evidence for a class is."""
