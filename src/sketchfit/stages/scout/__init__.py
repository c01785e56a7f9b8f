"""Which backbone at which input size suits the data and the machine: measured within a time."""
