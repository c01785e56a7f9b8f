"""Augmentation of training images: operations, policies, their fused application, and mixing of batches."""
