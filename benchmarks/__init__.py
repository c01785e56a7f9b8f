"""sketchfit and what users would pick instead, measured in turn: `python -m benchmarks DATA --weights W`."""
