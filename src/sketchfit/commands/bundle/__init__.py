"""`sketchfit export RUN --out DIR`: a bundle of one network, with all that predicting needs."""
