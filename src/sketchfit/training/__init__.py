"""The loop, losses, optimizers, schedules, checkpoints."""
