"""A storm over the command line: kills, signals, full disks, damage, concurrent commands, hostile and changed input.

    python -m tests.storm --tries 2

prints a table of how the tries of each kind ended. See `__main__` for its options.
"""
