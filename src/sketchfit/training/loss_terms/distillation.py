"""Knowledge distillation: "Distilling the Knowledge in a Neural Network", Hinton et al., arXiv 1503.02531."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def distillation(logits: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Return T² × KL(teacher at T ‖ student at T), [B, C] and [B, C] to [B].

    The teacher's probabilities (a member's or an ensemble's) are softened to p^(1/T), renormalised. The factor T² keeps
    the gradient's size comparable over temperatures.
    """
    log_teacher = (teacher.clamp(min=torch.finfo(teacher.dtype).tiny).log() / temperature).log_softmax(1)
    log_student = (logits / temperature).log_softmax(1)
    return temperature**2 * F.kl_div(log_student, log_teacher, reduction="none", log_target=True).sum(1)
