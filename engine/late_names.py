"""What the late families give; written by ``python -m tests.late_names``."""

FUNCTIONS: dict[str, str] = {
    "activations": """
        celu hardshrink relu selu threshold
    """,
    "arrange": """
        diagonal flip fliplr flipud narrow repeat_interleave roll rot90 select tile tril triu
    """,
    "copies": """
        alias_copy as_strided as_strided_copy as_strided_scatter diagonal_copy diagonal_scatter expand_copy
        narrow_copy permute_copy resize_as_ select_copy select_scatter slice_copy slice_scatter
        split_with_sizes_copy squeeze_copy t_copy transpose_copy unbind_copy unfold_copy unsafe_chunk
        unsafe_split unsafe_split_with_sizes unsqueeze_copy view_copy
    """,
    "differences": """
        cumulative_trapezoid diff gradient trapezoid trapz
    """,
    "discrete": """
        bincount bucketize histc histogram histogramdd isin searchsorted unique unique_consecutive
    """,
    "einsum": """
        einsum
    """,
    "gather": """
        gather index_add index_copy index_fill index_select scatter scatter_add take take_along_dim
    """,
    "grids": """
        bartlett_window blackman_window block_diag cartesian_prod combinations diagflat empty_permuted
        empty_strided hamming_window hann_window kaiser_window range tril_indices triu_indices
    """,
    "matrices": """
        chain_matmul cholesky cholesky_inverse cholesky_solve det geqrf inverse logdet lu lu_solve lu_unpack
        matrix_exp matrix_power nuclear_norm orgqr ormqr pca_lowrank pinverse qr slogdet svd svd_lowrank
        triangular_solve vander
    """,
    "products": """
        addbmm addmv addr baddbmm cdist cross kron
    """,
    "questions": """
        are_deterministic_algorithms_enabled detach get_default_device get_device get_float32_matmul_precision
        is_deterministic_algorithms_warn_only_enabled is_same_size is_signed is_storage set_default_device
        set_default_tensor_type set_float32_matmul_precision typename use_deterministic_algorithms
    """,
    "sampling": """
        Generator bernoulli binomial default_generator get_rng_state initial_seed manual_seed multinomial
        normal poisson rand rand_like randint randint_like randn randn_like randperm seed set_rng_state
    """,
    "scattering": """
        index_reduce masked_scatter nonzero_static put scatter_reduce unravel_index
    """,
    "softmax": """
        log_softmax logsumexp softmax
    """,
    "sort": """
        argsort kthvalue median mode msort nanmedian sort topk
    """,
    "special": """
        digamma erf erfc erfinv i0 igamma igammac lgamma logit mvlgamma polygamma
    """,
    "spectra": """
        istft stft
    """,
    "statistics": """
        aminmax corrcoef cov cummax cummin dist logcumsumexp nanquantile quantile renorm std_mean var_mean
    """,
}

METHODS: dict[str, str] = {
    "activations": """
        hardshrink prelu relu relu_
    """,
    "arrange": """
        diagonal flip fliplr flipud narrow repeat repeat_interleave roll rot90 select tile tril tril_ triu
        triu_ unfold
    """,
    "copies": """
        as_strided as_strided_ as_strided_scatter diagonal_scatter narrow_copy resize_ resize_as_
        select_scatter slice_scatter storage_offset sum_to_size unsafe_chunk unsafe_split
        unsafe_split_with_sizes
    """,
    "differences": """
        diff
    """,
    "discrete": """
        bincount histc histogram unique unique_consecutive
    """,
    "elements": """
        __reversed__ apply_ fill_diagonal_ is_nonzero map_ new
    """,
    "gather": """
        gather index_add index_add_ index_copy index_copy_ index_fill index_fill_ index_select scatter
        scatter_ scatter_add scatter_add_ take take_along_dim
    """,
    "grids": """
        diagflat new_empty_strided
    """,
    "matrices": """
        cholesky cholesky_inverse cholesky_solve det geqrf inverse logdet lu lu_solve matrix_exp matrix_power
        orgqr ormqr pinverse qr slogdet svd triangular_solve
    """,
    "products": """
        addbmm addbmm_ addmv addmv_ addr addr_ baddbmm baddbmm_ cross kron
    """,
    "questions": """
        get_device is_coalesced is_cpu is_cuda is_distributed is_meta is_mkldnn is_mps is_nested is_pinned
        is_quantized is_same_size is_shared is_signed is_sparse is_sparse_csr is_xla is_xpu
    """,
    "reshaping": """
        squeeze_ swapaxes_ swapdims_ t_ transpose_ unsqueeze_
    """,
    "sampling": """
        bernoulli bernoulli_ cauchy_ exponential_ geometric_ log_normal_ multinomial normal_ random_ uniform_
    """,
    "scattering": """
        index_reduce index_reduce_ masked_scatter masked_scatter_ nonzero_static put put_ scatter_reduce
        scatter_reduce_
    """,
    "softmax": """
        log_softmax logsumexp softmax
    """,
    "sort": """
        argsort kthvalue median mode msort nanmedian sort topk
    """,
    "special": """
        digamma digamma_ erf erf_ erfc erfc_ erfinv erfinv_ i0 i0_ igamma igamma_ igammac igammac_ lgamma
        lgamma_ logit logit_ mvlgamma mvlgamma_ polygamma polygamma_
    """,
    "spectra": """
        istft stft
    """,
    "statistics": """
        aminmax corrcoef cov cummax cummin dist logcumsumexp nanquantile quantile renorm renorm_
    """,
}

ROWS: dict[str, str] = {
    "ops.activations": """
        celu elu gelu hardshrink hardsigmoid hardswish hardtanh hardtanh_backward leaky_relu
        leaky_relu_backward logsigmoid mish relu shrink_backward silu softplus softshrink threshold
        threshold_backward
    """,
    "ops.attention": """
        flash_attention
    """,
    "ops.bessel": """
        airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 i0 i0e i1 i1e modified_bessel_i0 modified_bessel_i1
        modified_bessel_k0 modified_bessel_k1 scaled_modified_bessel_k0 scaled_modified_bessel_k1
        spherical_bessel_j0
    """,
    "ops.blocks": """
        block_diag
    """,
    "ops.cholesky": """
        cholesky cholesky_ex cholesky_inverse cholesky_solve ldl_factor_ex ldl_solve
    """,
    "ops.convolution": """
        convolution convolution_input convolution_weight
    """,
    "ops.convolving": """
        correlate correlate_weight spread
    """,
    "ops.copies": """
        as_strided as_strided_scatter at_places diagonal_scatter narrow_copy places_back select_scatter
        slice_scatter split_with_sizes_copy unbind_copy unsafe_split unsafe_split_with_sizes
    """,
    "ops.ctc": """
        ctc_loss ctc_loss_backward
    """,
    "ops.distances": """
        distance_norm pdist trilinear
    """,
    "ops.embedding": """
        embedding embedding_bag embedding_bag_max embedding_dense_backward known
    """,
    "ops.factors": """
        both_of diagonal_of eig eigh lstsq matrix_exp pinv svd
    """,
    "ops.fourier": """
        fft_c2c fft_c2r fft_r2c twice_inside
    """,
    "ops.gates": """
        glu prelu rrelu
    """,
    "ops.images": """
        channel_shuffle col2im im2col pixel_shuffle pixel_unshuffle
    """,
    "ops.losses": """
        binary_cross_entropy binary_cross_entropy_with_logits each huber_loss mse_loss nll_loss_1d nll_loss_2d
        nll_place plain reduced smooth_l1_loss
    """,
    "ops.lu": """
        lu lu_factor_ex lu_solve lu_unpack
    """,
    "ops.margins": """
        multi_margin_loss multilabel_margin_loss soft_margin_loss
    """,
    "ops.normalization": """
        native_batch_norm native_group_norm native_layer_norm times
    """,
    "ops.orthogonal": """
        geqrf householder_product ormqr qr
    """,
    "ops.padding": """
        constant_pad_nd
    """,
    "ops.polynomials": """
        chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w
        hermite_polynomial_h hermite_polynomial_he laguerre_polynomial_l legendre_polynomial_p
        shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v
        shifted_chebyshev_polynomial_w
    """,
    "ops.pooling": """
        adaptive_max_pool2d adaptive_max_pool3d fractional_max_pool2d fractional_max_pool3d max_pool2d
        max_pool3d max_unpool2d max_unpool3d pool_pick pool_place
    """,
    "ops.products": """
        addbmm addmv addr baddbmm cdist euclidean_dist linalg_cross
    """,
    "ops.resample": """
        resample resample_adaptiveavgpool2d resample_adaptiveavgpool3d resample_avgpool2d resample_avgpool3d
        resample_reflectionpad1d resample_reflectionpad2d resample_reflectionpad3d resample_replicationpad1d
        resample_replicationpad2d resample_replicationpad3d turned_taps
    """,
    "ops.scattering": """
        index_fill_tensor index_reduce masked_scatter put_elements scatter_combined scatter_reduce
    """,
    "ops.softmax": """
        log_softmax logsumexp softmax
    """,
    "ops.sort": """
        kthvalue median_all median_dim mode nanmedian_all nanmedian_dim order sort sort_stable topk
    """,
    "ops.special": """
        add_number digamma entr erf erfc erfcx erfinv igamma igammac lgamma log_ndtr logit mul_number mvlgamma
        ndtri not_derived polygamma special xlog1py xlog1py_by_number xlog1py_of_number zeta zeta_by_number
        zeta_of_number
    """,
    "ops.statistics": """
        aminmax counts_of cummax cummin dist distinct logcumsumexp others renorm std_mean var_mean
    """,
    "ops.systems": """
        det inv_ex minors slogdet solve_ex solve_triangular solved triangular_solve
    """,
}
