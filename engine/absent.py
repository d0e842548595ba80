"""Names that PyTorch has: who asks this engine for one that it lacks is told so, and what comes nearest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

# Source: PyTorch 2.13, what a person would write of ``dir(module)``
_NAMES = {
    "torch": """
        Generator GradScaler Tensor abs absolute accelerator acos acosh adaptive_avg_pool1d adaptive_max_pool1d add
        addbmm addcdiv addcmul addmm addmv addr adjoint all allclose alpha_dropout amax amin aminmax amp angle any
        arange arccos arccosh arcsin arcsinh arctan arctan2 arctanh are_deterministic_algorithms_enabled argmax argmin
        argsort argwhere as_strided as_strided_scatter as_tensor asarray asin asinh atan atan2 atanh atleast_1d
        atleast_2d atleast_3d autograd avg_pool1d backends baddbmm bartlett_window batch_norm bernoulli bfloat16
        bilinear binary_cross_entropy_with_logits bincount binomial bitwise_and bitwise_left_shift bitwise_not
        bitwise_or bitwise_right_shift bitwise_xor blackman_window block_diag bmm bool broadcast_shapes
        broadcast_tensors broadcast_to bucketize can_cast cartesian_prod cat cdist cdouble ceil celu cfloat
        channel_shuffle cholesky cholesky_inverse cholesky_solve chunk clamp clamp_max clamp_min clip clone
        column_stack combinations compile compiler complex complex128 complex64 concat concatenate conj conj_physical
        conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution copysign corrcoef cos cosh
        cosine_embedding_loss cosine_similarity count_nonzero cov cpu cross ctc_loss cuda cummax cummin cumprod cumsum
        cumulative_trapezoid deg2rad det detach device diag diag_embed diagflat diagonal diagonal_scatter diff digamma
        dist distributed distributions div divide dot double dropout dsplit dstack dtype eig einsum embedding
        embedding_bag empty empty_like empty_permuted empty_strided enable_grad eq equal erf erfc erfinv exp exp2
        expm1 export eye feature_alpha_dropout feature_dropout fft fill finfo fix flatten flip fliplr flipud float
        float16 float32 float64 float_power floor floor_divide fmax fmin fmod frac frexp from_numpy full full_like
        func gather gcd ge geqrf ger get_default_device get_default_dtype get_device get_float32_matmul_precision
        get_num_threads get_rng_state gradient greater greater_equal group_norm gru gru_cell gt half hamming_window
        hann_window hardshrink heaviside hinge_embedding_loss histc histogram histogramdd hsplit hstack hypot i0
        igamma igammac iinfo imag index_add index_fill index_put index_reduce index_select inference_mode initial_seed
        inner instance_norm int int16 int32 int64 int8 inverse is_complex is_distributed is_floating_point
        is_grad_enabled is_nonzero is_same_size is_signed is_storage is_tensor isclose isfinite isin isinf isnan
        isneginf isposinf isreal istft jit kaiser_window kl_div kron kthvalue layer_norm layout lcm ldexp le lerp less
        less_equal lgamma linalg linspace load log log10 log1p log2 log_softmax logaddexp logaddexp2 logcumsumexp
        logdet logical_and logical_not logical_or logical_xor logit logspace logsumexp long lstm lstm_cell lstsq lt lu
        lu_solve lu_unpack manual_seed margin_ranking_loss masked masked_fill masked_scatter masked_select matmul
        matrix_exp matrix_power max max_pool1d max_pool1d_with_indices max_pool2d max_pool3d maximum mean median
        meshgrid min minimum mm mode moveaxis movedim msort mul multinomial multiply multiprocessing mv mvlgamma
        nan_to_num nanmean nanmedian nanquantile nansum narrow ne neg negative nested nextafter nn no_grad nonzero
        nonzero_static norm normal not_equal numel ones ones_like optim orgqr ormqr outer overrides pairwise_distance
        permute pinverse pixel_shuffle pixel_unshuffle poisson poisson_nll_loss polar polygamma positive pow prelu
        prod profiler promote_types put qr quantile rad2deg rand rand_like randint randint_like randn randn_like
        random randperm range ravel real reciprocal relu remainder renorm repeat_interleave reshape resolve_conj
        resolve_neg result_type rms_norm rnn_relu rnn_tanh roll rot90 round row_stack rrelu rsqrt rsub save
        scalar_tensor scatter scatter_add scatter_reduce searchsorted seed select select_scatter selu serialization
        set_default_device set_default_dtype set_float32_matmul_precision set_grad_enabled set_num_threads
        set_printoptions set_rng_state sgn short sigmoid sign signal signbit sin sinc sinh slogdet softmax solve sort
        sparse special split split_with_sizes sqrt square squeeze stack std std_mean stft storage sub subtract sum svd
        swapaxes swapdims t take take_along_dim tan tanh tensor tensor_split tensordot testing threshold tile topk
        trace transpose trapezoid trapz triangular_solve tril tril_indices triplet_margin_loss triu triu_indices
        true_divide trunc typename uint8 unbind unflatten unique unique_consecutive unravel_index unsqueeze
        use_deterministic_algorithms utils vander var var_mean vdot view_as_complex view_as_real vmap vsplit vstack
        where xlogy zeros zeros_like
    """,
    "torch.nn": """
        AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveLogSoftmaxWithLoss AdaptiveMaxPool1d
        AdaptiveMaxPool2d AdaptiveMaxPool3d AlphaDropout AvgPool1d AvgPool2d AvgPool3d BCELoss BCEWithLogitsLoss
        BatchNorm1d BatchNorm2d BatchNorm3d Bilinear Buffer CELU CTCLoss ChannelShuffle CircularPad1d CircularPad2d
        CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d Container Conv1d Conv2d Conv3d ConvTranspose1d
        ConvTranspose2d ConvTranspose3d CosineEmbeddingLoss CosineSimilarity CrossEntropyLoss CrossMapLRN2d Dropout
        Dropout1d Dropout2d Dropout3d ELU Embedding EmbeddingBag FeatureAlphaDropout Flatten Fold FractionalMaxPool2d
        FractionalMaxPool3d GELU GLU GRU GRUCell GaussianNLLLoss GroupNorm Hardshrink Hardsigmoid Hardswish Hardtanh
        HingeEmbeddingLoss HuberLoss Identity InstanceNorm1d InstanceNorm2d InstanceNorm3d KLDivLoss L1Loss LPPool1d
        LPPool2d LPPool3d LSTM LSTMCell LayerNorm LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyConv1d
        LazyConv2d LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d LazyInstanceNorm1d
        LazyInstanceNorm2d LazyInstanceNorm3d LazyLinear LeakyReLU Linear LinearCrossEntropyLoss
        LinearCrossEntropyOptions LocalResponseNorm LogSigmoid LogSoftmax MSELoss MarginRankingLoss MaxPool1d
        MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d Mish Module ModuleDict ModuleList MultiLabelMarginLoss
        MultiLabelSoftMarginLoss MultiMarginLoss MultiheadAttention NLLLoss NLLLoss2d PairwiseDistance Parameter
        ParameterDict ParameterList PixelShuffle PixelUnshuffle PoissonNLLLoss RMSNorm RNN RNNBase RNNCell RNNCellBase
        RReLU ReLU ReLU6 ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d
        ReplicationPad3d SELU Sequential SiLU Sigmoid SmoothL1Loss SoftMarginLoss Softmax Softmax2d Softmin Softplus
        Softshrink Softsign SyncBatchNorm Tanh Tanhshrink Threshold Transformer TransformerDecoder
        TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer TripletMarginLoss
        TripletMarginWithDistanceLoss Unflatten Unfold UninitializedParameter Upsample UpsamplingBilinear2d
        UpsamplingNearest2d ZeroPad1d ZeroPad2d ZeroPad3d attention common_types factory_kwargs grad init intrinsic
        modules parallel parameter qat quantizable utils
    """,
    "torch.nn.functional": """
        adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d
        adaptive_max_pool1d_with_indices adaptive_max_pool2d adaptive_max_pool2d_with_indices adaptive_max_pool3d
        adaptive_max_pool3d_with_indices alpha_dropout avg_pool1d avg_pool2d avg_pool3d batch_norm bilinear
        binary_cross_entropy binary_cross_entropy_with_logits celu channel_shuffle conv1d conv2d conv3d
        conv_transpose1d conv_transpose2d conv_transpose3d cosine_embedding_loss cosine_similarity cross_entropy
        ctc_loss dropout dropout1d dropout2d dropout3d elu embedding embedding_bag feature_alpha_dropout fold
        fractional_max_pool2d fractional_max_pool2d_with_indices fractional_max_pool3d
        fractional_max_pool3d_with_indices gaussian_nll_loss gelu glu grid_sample group_norm grouped_mm gumbel_softmax
        hardshrink hardsigmoid hardswish hardtanh hinge_embedding_loss huber_loss instance_norm interpolate kl_div
        l1_loss layer_norm leaky_relu linear linear_cross_entropy local_response_norm log_softmax logsigmoid lp_pool1d
        lp_pool2d lp_pool3d margin_ranking_loss max_pool1d max_pool1d_with_indices max_pool2d max_pool2d_with_indices
        max_pool3d max_pool3d_with_indices max_unpool1d max_unpool2d max_unpool3d mish mse_loss
        multi_head_attention_forward multi_margin_loss multilabel_margin_loss multilabel_soft_margin_loss nll_loss
        normalize one_hot pad pairwise_distance pixel_shuffle pixel_unshuffle poisson_nll_loss prelu relu relu6
        rms_norm rrelu scaled_dot_product_attention scaled_grouped_mm scaled_mm selu sigmoid silu smooth_l1_loss
        soft_margin_loss softmax softmin softplus softshrink softsign tanh tanhshrink threshold triplet_margin_loss
        triplet_margin_with_distance_loss unfold upsample upsample_bilinear upsample_nearest
    """,
    "torch.utils": """
        backend_registration checkpoint collect_env data deterministic dlpack hooks swap_tensors throughput_benchmark
        weak
    """,
    "torch.utils.data": """
        BatchSampler ChainDataset ConcatDataset DataLoader Dataset DistributedSampler IterableDataset RandomSampler
        Sampler SequentialSampler StackDataset Subset SubsetRandomSampler TensorDataset WeightedRandomSampler dataloader
        dataset default_collate default_convert distributed get_worker_info random_split sampler
    """,
    "torch.nn.utils": """
        clip_grad clip_grad_norm clip_grad_norm_ clip_grad_value_ clip_grads_with_norm_
        convert_conv2d_weight_memory_format convert_conv3d_weight_memory_format convert_parameters fuse_conv_bn_eval
        fuse_conv_bn_weights fuse_linear_bn_eval fuse_linear_bn_weights fusion get_total_norm init memory_format
        parameters_to_vector parametrizations parametrize remove_spectral_norm remove_weight_norm rnn skip_init
        spectral_norm stateless vector_to_parameters weight_norm
    """,
    "torch.nn.utils.rnn": """
        PackedSequence invert_permutation pack_padded_sequence pack_sequence pad_packed_sequence pad_sequence
        unpack_sequence unpad_sequence
    """,
    "torch.nn.init": """
        calculate_gain constant constant_ dirac dirac_ eye eye_ kaiming_normal kaiming_normal_ kaiming_uniform
        kaiming_uniform_ normal normal_ ones_ orthogonal orthogonal_ sparse sparse_ trunc_normal_ uniform uniform_
        xavier_normal xavier_normal_ xavier_uniform xavier_uniform_ zeros_
    """,
    "torch.optim.lr_scheduler": """
        ChainedScheduler ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts CyclicLR ExponentialLR LRScheduler
        LambdaLR LinearLR MultiStepLR MultiplicativeLR OneCycleLR PolynomialLR ReduceLROnPlateau SequentialLR StepLR
    """,
    "torch.fft": "fft fft2 fftfreq fftn fftshift hfft hfft2 hfftn ifft ifft2 ifftn ifftshift ihfft ihfft2 ihfftn irfft "
    "irfft2 irfftn rfft rfft2 rfftfreq rfftn",
    "torch.linalg": """
        LinAlgError cholesky cholesky_ex cond cross det diagonal eig eigh eigvals eigvalsh householder_product inv
        inv_ex ldl_factor ldl_factor_ex ldl_solve lstsq lu lu_factor lu_factor_ex lu_solve matmul matrix_exp
        matrix_norm matrix_power matrix_rank multi_dot norm pinv qr slogdet solve solve_ex solve_triangular svd svdvals
        tensorinv tensorsolve vander vecdot vector_norm
    """,
    "torch.optim": """
        ASGD Adadelta Adafactor Adagrad Adam AdamW Adamax LBFGS Muon NAdam Optimizer RAdam RMSprop Rprop SGD
        SparseAdam lr_scheduler swa_utils swap_in_optimizer_params_and_state
    """,
}
NAMES = {module: frozenset(text.split()) for module, text in _NAMES.items()}
_INSTEAD = {
    "compile": "programs run as they are written here; leave it out",
    "autocast": "the dtypes that you choose yourself",
    "set_num_threads": "the environment variable OMP_NUM_THREADS",
    "save": "pickle.dump",
    "load": "pickle.load",
}


def lookup(module: str, existing: Callable[[], Iterable[str]]) -> Callable[[str], Any]:
    """A ``__getattr__`` for ``module`` (by PyTorch's name for it), which has the names ``existing()``."""

    def missing(name: str) -> Any:
        import difflib

        error = AttributeError(f"module '{module}' has no attribute '{name}'")
        if name.startswith("_"):
            raise error
        there = name in NAMES.get(module, ())
        near = difflib.get_close_matches(name, [n for n in existing() if not n.startswith("_")], 1, 0.6)
        said = f"PyTorch has {module}.{name}; this engine does not." if there else ""
        advice = f"The nearest that exists is {module}.{near[0]}" if near else ""
        if name in _INSTEAD:
            advice = f"Instead: {_INSTEAD[name]}"
        if said or advice:
            error.add_note(f"Hint: {' '.join(filter(None, (said, advice)))}")
        raise error

    return missing
