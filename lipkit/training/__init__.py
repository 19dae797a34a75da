"""Training torch models, plain or against an attack: the same seed gives the same weights."""

from lipkit.training._augment import CropFlip
from lipkit.training._clipping import (
    SingularValueClipping,
    clip_singular_values,
    renew_batch_norm,
)
from lipkit.training._conv_models import resnet18, small_cnn, vgg11
from lipkit.training._conv_penalty import conv_penalty
from lipkit.training._fit import fit
from lipkit.training._history import History
from lipkit.training._losses import alp_loss, trades_loss
from lipkit.training._models import mlp
from lipkit.training._norm_decay import NormDecay
from lipkit.training._norm_projection import NormProjection, project_l1_ball
from lipkit.training._penalty import Penalty, WeightDecay

__all__ = [
    "CropFlip",
    "History",
    "NormDecay",
    "NormProjection",
    "Penalty",
    "SingularValueClipping",
    "WeightDecay",
    "alp_loss",
    "clip_singular_values",
    "conv_penalty",
    "fit",
    "mlp",
    "project_l1_ball",
    "renew_batch_norm",
    "resnet18",
    "small_cnn",
    "trades_loss",
    "vgg11",
]
