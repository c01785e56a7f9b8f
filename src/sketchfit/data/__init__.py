"""Tables, images, folds, the decode-once store, batches, audit, near-duplicates, synthetic drawings."""
