"""Distillation of an ensemble into one small student."""
