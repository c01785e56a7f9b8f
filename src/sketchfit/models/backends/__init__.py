"""What computes a trained network's probabilities: torch, or the same network converted for a CPU.

A file a backend; `build` chooses one, converts, and checks the conversion against torch.
"""
