"""What a run may claim: the accuracy to expect of its answer to the test rows, and whether the test rows agree."""
