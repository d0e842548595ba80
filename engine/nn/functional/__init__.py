"""``torch.nn.functional``: layers, activations and losses. Each file is read when one of its names is asked for."""

from __future__ import annotations

from ...naming import late

FILES = {
    "activation": "celu elu gelu glu hardshrink hardsigmoid hardswish hardtanh leaky_relu log_softmax logsigmoid mish "
    "prelu relu relu6 selu sigmoid silu softmax softmin softplus softshrink softsign tanh tanhshrink threshold",
    "adaptive": "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d "
    "adaptive_max_pool1d_with_indices adaptive_max_pool2d adaptive_max_pool2d_with_indices adaptive_max_pool3d "
    "adaptive_max_pool3d_with_indices fractional_max_pool2d fractional_max_pool2d_with_indices fractional_max_pool3d "
    "fractional_max_pool3d_with_indices max_unpool1d max_unpool2d max_unpool3d",
    "attention": "multi_head_attention_forward scaled_dot_product_attention",
    "drawn": "celu_ elu_ gumbel_softmax hardtanh_ leaky_relu_ relu_ rrelu rrelu_ selu_ threshold_",
    "grids": "affine_grid grid_sample",
    "images": "channel_shuffle fold pixel_shuffle pixel_unshuffle unfold",
    "resampling": "interpolate upsample upsample_bilinear upsample_nearest",
    "pools": "avg_pool1d avg_pool2d avg_pool3d lp_pool1d lp_pool2d lp_pool3d max_pool1d max_pool1d_with_indices "
    "max_pool2d max_pool2d_with_indices max_pool3d max_pool3d_with_indices",
    "convolutions": "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
    "criteria": "binary_cross_entropy binary_cross_entropy_with_logits cross_entropy huber_loss kl_div l1_loss "
    "mse_loss nll_loss smooth_l1_loss",
    "norms": "batch_norm group_norm instance_norm layer_norm local_response_norm rms_norm",
    "paddings": "pad",
    "dropouts": "alpha_dropout dropout dropout1d dropout2d dropout3d feature_alpha_dropout",
    "layers": "linear one_hot",
    "lookup": "embedding embedding_bag",
    "margins": "cosine_embedding_loss gaussian_nll_loss hinge_embedding_loss linear_cross_entropy margin_ranking_loss "
    "multi_margin_loss multilabel_margin_loss multilabel_soft_margin_loss poisson_nll_loss soft_margin_loss "
    "triplet_margin_loss triplet_margin_with_distance_loss",
    "sequences": "ctc_loss",
    "vectors": "bilinear cosine_similarity normalize pairwise_distance pdist",
}

__getattr__, __all__ = late.names(__name__, "torch.nn.functional", FILES)


def __dir__() -> list[str]:
    return sorted(__all__)
