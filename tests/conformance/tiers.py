"""Which entries of ``op_db`` the engine aims at: by tier, and in it by family.

Tier 1 is what every workshop needs, tier 2 what people reach for next, tier 3 the rest. A name is ``name|variant`` as
``op_db`` has them. Not aimed at: sparse, quantised, nested, half and bfloat16, private aten overloads, GPU.
"""

from __future__ import annotations

_TEXT = {
    1: {
        "elementwise unary": """
            abs ceil clamp cos exp floor log1p log logical_not neg round sin sign tan tanh nan_to_num reciprocal
            rsqrt sqrt square isnan sigmoid
        """,
        "elementwise binary": """
            add mul sub div|no_rounding_mode div|floor_rounding eq remainder floor_divide ge gt le lt max|binary
            maximum min|binary minimum logical_and logical_or ne pow __radd__ __rmul__ __rpow__ __rsub__
        """,
        "reductions": """
            item allclose cumsum equal max|reduction_with_dim max|reduction_no_dim min|reduction_with_dim
            min|reduction_no_dim logsumexp norm all any amax amin argmax argmin mean std var prod sum
        """,
        "shape/view": """
            chunk expand diagonal flip permute split reshape view flatten unflatten stack cat unbind repeat squeeze
            unsqueeze transpose T t
        """,
        "indexing": """
            masked_fill gather index_select __getitem__ index_put scatter where nonzero
        """,
        "linalg": """
            dot bmm mv matmul mm outer __rmatmul__ einsum linalg.det linalg.norm linalg.inv
        """,
        "nn.functional": """
            softmax nn.functional.cross_entropy nn.functional.binary_cross_entropy_with_logits nn.functional.relu
            nn.functional.conv2d nn.functional.layer_norm nn.functional.leaky_relu nn.functional.avg_pool2d
            nn.functional.max_pool2d nn.functional.linear nn.functional.silu nn.functional.batch_norm
            nn.functional.binary_cross_entropy nn.functional.gelu nn.functional.l1_loss log_softmax
            nn.functional.dropout nn.functional.one_hot nn.functional.embedding nn.functional.softplus
            nn.functional.mse_loss nn.functional.nll_loss
        """,
        "creation": """
            arange clone diag linspace zeros_like ones_like randn randn_like randint full_like new_zeros ones zeros
            full empty eye fill zero_ tril triu
        """,
        "sorting": """
            topk sort argsort
        """,
        "other": """
            to bool double float int long
        """,
    },
    2: {
        "elementwise unary": """
            acos acosh asin asinh atan atanh bitwise_not positive conj cosh deg2rad frac log10 log2 rad2deg real
            round|decimals_0 round|decimals_3 round|decimals_neg_3 sinc sinh sgn signbit trunc exp2 expm1 angle
            isfinite isinf isposinf isneginf isreal logit
        """,
        "elementwise binary": """
            clamp_max clamp_min addcmul addcdiv atan2 bitwise_left_shift bitwise_right_shift copysign
            div|trunc_rounding true_divide fmax fmin fmod ldexp logaddexp logaddexp2 logical_xor bitwise_and
            bitwise_or bitwise_xor heaviside lcm gcd isclose nextafter float_power __rand__ __ror__ __rxor__
            __rmod__ rsub lerp hypot xlogy
        """,
        "reductions": """
            corrcoef cov cumprod cummax cummin diff gradient var_mean var_mean|unbiased std_mean std_mean|unbiased
            aminmax dist renorm trapz trapezoid cumulative_trapezoid trace logcumsumexp norm|nuc norm|fro norm|inf
            count_nonzero nanmean std|unbiased var|unbiased nansum linalg.vector_norm
        """,
        "shape/view": """
            broadcast_to broadcast_shapes broadcast_tensors contiguous sum_to_size expand_as fliplr flipud
            as_strided constant_pad_nd roll rot90 split|list_args split_with_sizes tensor_split hsplit vsplit dsplit
            ravel reshape_as view_as atleast_1d atleast_2d atleast_3d column_stack hstack vstack dstack unfold
            movedim squeeze|multiple tile H mT mH repeat_interleave linalg.diagonal
        """,
        "indexing": """
            diagonal_scatter masked_scatter masked_select narrow select select_scatter slice_scatter index_fill
            index_copy index_add put take scatter_add take_along_dim argwhere scatter_reduce|sum scatter_reduce|prod
            scatter_reduce|mean scatter_reduce|amin scatter_reduce|amax
        """,
        "linalg": """
            addmm addmv addbmm baddbmm vdot addr cdist cholesky cross matrix_exp qr svd pinverse kron inner
            tensordot logdet linalg.cross linalg.cholesky linalg.cholesky_ex linalg.vecdot linalg.eigh
            linalg.eigvalsh linalg.lstsq linalg.matrix_power linalg.multi_dot linalg.norm|subgradients_at_zero
            linalg.matrix_norm linalg.qr linalg.slogdet linalg.vander linalg.inv_ex linalg.solve
            linalg.solve_triangular linalg.matrix_rank linalg.pinv linalg.svd linalg.svdvals
        """,
        "nn.functional": """
            softmax|with_dtype nn.functional.softmin nn.functional.normalize nn.functional.cosine_similarity
            nn.functional.adaptive_avg_pool1d nn.functional.adaptive_avg_pool2d nn.functional.adaptive_max_pool1d
            nn.functional.adaptive_max_pool2d nn.functional.avg_pool1d nn.functional.conv_transpose1d
            nn.functional.conv_transpose2d nn.functional.conv1d nn.functional.conv3d nn.functional.group_norm
            nn.functional.instance_norm nn.functional.rms_norm nn.functional.pad|constant nn.functional.pad|reflect
            nn.functional.pad|replicate nn.functional.pad|circular nn.functional.hardswish nn.functional.unfold
            nn.functional.interpolate|nearest nn.functional.interpolate|bilinear nn.functional.soft_margin_loss
            nn.functional.margin_ranking_loss nn.functional.multi_margin_loss
            nn.functional.multilabel_soft_margin_loss nn.functional.max_pool1d nn.functional.bilinear
            nn.functional.glu nn.functional.elu nn.functional.prelu nn.functional.celu nn.functional.selu
            nn.functional.scaled_dot_product_attention nn.functional.hardsigmoid nn.functional.logsigmoid
            nn.functional.mish nn.functional.softsign nn.functional.tanhshrink nn.functional.threshold
            nn.functional.triplet_margin_loss nn.functional.softshrink nn.functional.hardshrink
            nn.functional.hardtanh nn.functional.relu6 nn.functional.smooth_l1_loss log_softmax|with_dtype
            nn.functional.dropout2d nn.functional.cosine_embedding_loss nn.functional.gaussian_nll_loss
            nn.functional.hinge_embedding_loss nn.functional.huber_loss nn.functional.poisson_nll_loss
            nn.functional.pairwise_distance nn.functional.pixel_shuffle nn.functional.kl_div
        """,
        "creation": """
            exponential normal|in_place uniform block_diag combinations cartesian_prod diag_embed logspace
            meshgrid|variadic_tensors meshgrid|list_of_tensors empty_like rand_like new_ones new_empty scalar_tensor
            new_full multinomial normal bernoulli triu_indices tril_indices diagflat
        """,
        "sorting": """
            isin kthvalue median nanmedian quantile nanquantile mode unique unique_consecutive histc bincount
            bucketize searchsorted msort
        """,
        "special": """
            i0 polygamma|polygamma_n_1 digamma erf erfc erfinv lgamma
        """,
        "other": """
            byte char short
        """,
    },
    3: {
        "elementwise unary": """
            conj_physical frexp
        """,
        "shape/view": """
            unsafe_chunk resolve_conj resolve_neg expand_copy diagonal_copy alias_copy as_strided|partial_views
            as_strided_copy view_copy permute_copy unsafe_split split_with_sizes_copy unbind_copy unfold_copy
            squeeze_copy resize_ resize_as_ unsqueeze_copy transpose_copy t_copy
        """,
        "indexing": """
            as_strided_scatter narrow_copy unravel_index index_reduce|mean index_reduce|prod index_reduce|amin
            index_reduce|amax nonzero_static
        """,
        "linalg": """
            addmm|decomposed cholesky_inverse cholesky_solve geqrf lu_unpack lu lu_solve ormqr triangular_solve
            svd_lowrank pca_lowrank linalg.cond linalg.eig linalg.eigvals linalg.householder_product
            linalg.ldl_factor linalg.ldl_factor_ex linalg.ldl_solve linalg.lstsq|grad_oriented linalg.lu_factor
            linalg.lu_factor_ex linalg.lu linalg.lu_solve linalg.solve_ex linalg.matrix_rank|hermitian
            linalg.pinv|singular linalg.pinv|hermitian linalg.tensorinv linalg.tensorsolve
        """,
        "nn.functional": """
            nn.functional.softmin|with_dtype nn.functional.linear_cross_entropy
            nn.functional.linear_cross_entropy|chunked nn.functional.linear_cross_entropy|chunked_none
            native_group_norm native_layer_norm native_batch_norm nn.functional.adaptive_avg_pool3d
            nn.functional.adaptive_max_pool3d nn.functional.avg_pool3d nn.functional.conv_transpose3d
            nn.functional.local_response_norm nn.functional.pad|replicate_negative
            nn.functional.interpolate|nearest-exact nn.functional.interpolate|linear
            nn.functional.interpolate|bicubic nn.functional.interpolate|trilinear nn.functional.interpolate|area
            nn.functional.upsample_bilinear nn.functional.upsample_nearest nn.functional.multilabel_margin_loss
            nn.functional.fractional_max_pool2d nn.functional.fractional_max_pool3d nn.functional.max_pool3d
            nn.functional.max_unpool1d nn.functional.max_unpool1d|grad nn.functional.max_unpool2d
            nn.functional.max_unpool2d|grad nn.functional.max_unpool3d nn.functional.max_unpool3d|grad
            nn.functional.rrelu nn.functional.triplet_margin_with_distance_loss nn.functional.dropout3d
            nn.functional.alpha_dropout nn.functional.feature_alpha_dropout|with_train
            nn.functional.feature_alpha_dropout|without_train nn.functional.embedding_bag
            nn.functional.multi_head_attention_forward nn.functional.grid_sample grid_sampler_2d grid_sampler_3d
            nn.functional.ctc_loss nn.functional.pdist nn.functional.pixel_unshuffle nn.functional.channel_shuffle
        """,
        "creation": """
            cauchy geometric log_normal complex linspace|tensor_overload logspace|tensor_overload polar randint_like
            new_empty_strided empty_strided empty_permuted normal|number_mean signal.windows.hamming
            signal.windows.hann signal.windows.bartlett signal.windows.blackman signal.windows.cosine
            signal.windows.exponential signal.windows.gaussian signal.windows.kaiser signal.windows.general_cosine
            signal.windows.general_hamming signal.windows.nuttall
        """,
        "sorting": """
            histogram histogramdd
        """,
        "fft": """
            stft fft.fft fft.fft2 fft.fftn fft.hfft fft.hfft2 fft.hfftn fft.rfft fft.rfft2 fft.rfftn fft.ifft
            fft.ifft2 fft.ifftn fft.ihfft fft.ihfft2 fft.ihfftn fft.irfft fft.irfft2 fft.irfftn fft.fftshift
            fft.ifftshift
        """,
        "special": """
            igamma igammac mvlgamma|mvlgamma_p_1 mvlgamma|mvlgamma_p_3 mvlgamma|mvlgamma_p_5 polygamma|polygamma_n_0
            polygamma|polygamma_n_2 polygamma|polygamma_n_3 polygamma|polygamma_n_4 special.i0e special.i1
            special.i1e special.ndtr special.polygamma|special_polygamma_n_0 special.xlog1py special.zeta
            special.entr special.ndtri special.log_ndtr special.erfcx special.airy_ai special.bessel_j0
            special.bessel_j1 special.bessel_y0 special.bessel_y1 special.chebyshev_polynomial_t
            special.chebyshev_polynomial_u special.chebyshev_polynomial_v special.chebyshev_polynomial_w
            special.hermite_polynomial_h special.hermite_polynomial_he special.laguerre_polynomial_l
            special.legendre_polynomial_p special.modified_bessel_i0 special.modified_bessel_i1
            special.modified_bessel_k0 special.modified_bessel_k1 special.scaled_modified_bessel_k0
            special.scaled_modified_bessel_k1 special.shifted_chebyshev_polynomial_t
            special.shifted_chebyshev_polynomial_u special.shifted_chebyshev_polynomial_v
            special.shifted_chebyshev_polynomial_w special.spherical_bessel_j0
        """,
        "other": """
            masked.sum masked.prod masked.cumsum masked.cumprod masked.amax masked.amin masked.argmax masked.argmin
            masked.mean masked.median masked.norm masked.var masked.std masked.softmax masked.log_softmax
            masked.softmin masked.normalize masked.logaddexp masked.logsumexp
        """,
    },
}

TIERS: dict[int, dict[str, list[str]]] = {
    tier: {family: text.split() for family, text in families.items()} for tier, families in _TEXT.items()
}
