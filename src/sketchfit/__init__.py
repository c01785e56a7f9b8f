"""sketchfit: from a table of labelled drawings to the best classifier that can honestly be claimed for them."""
