"""Related rows: which drawings show the same photo, object, patient or session, or are by the same drawer."""
