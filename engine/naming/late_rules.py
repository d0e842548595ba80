"""What formulas and kernels find in the families; written by ``python -m tests.late_names``."""

IN_BOTH: dict[str, str] = {
    "ops.activations": """
        celu elu gelu gelu_gate gelu_gate_slope hardshrink hardsigmoid hardswish hardtanh hardtanh_backward
        leaky_relu leaky_relu_backward logsigmoid mish mish_slope relu shrink_backward silu softplus
        softshrink threshold threshold_backward
    """,
    "ops.arithmetic": """
        add add_scaled at_least_0 div div_rounded floor_divide fmod fmod_number log_of mul neg pow_base
        pow_number pow_slope pow_tensor reciprocal remainder remainder_number rremainder rsub
        rsub_number_scaled rsub_scaled square sub sub_scaled underivable
    """,
    "ops.attention": "attention_tangent attention_weights flash_attention heads score_slope",
    "ops.bessel": """
        airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 i0 i0e i1 i1e modified_bessel_i0 modified_bessel_i1
        modified_bessel_k0 modified_bessel_k1 off_zero scaled_modified_bessel_k0 scaled_modified_bessel_k1
        spherical_bessel_j0
    """,
    "ops.binary": """
        addcdiv addcmul atan2 clamp_high clamp_low clamp_max_number clamp_max_tensor clamp_min_number
        clamp_min_tensor clamp_number clamp_tensor copysign copysign_number fmax fmin gcd heaviside hypot
        inverse_square lcm ldexp lerp_number lerp_tensor logaddexp logaddexp2 maximum minimum nextafter within
        xlogy xlogy_by_number xlogy_of_number
    """,
    "ops.blocks": "block_diag on_diagonal",
    "ops.cholesky": """
        cholesky cholesky_ex cholesky_inverse cholesky_slope cholesky_solve cholesky_solve_slope
        cholesky_tangent gram gram_tangent inverse_slope ldl_factor_ex ldl_solve
    """,
    "ops.compare": """
        bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor eq ge gt isclose
        isfinite isinf isnan isneginf isposinf isreal le logical_and logical_not logical_or logical_xor lt ne
        signbit where
    """,
    "ops.complexes": """
        angle angle_slope complex_from conj conj_physical has_complex imag polar real view_as_complex
        view_as_real
    """,
    "ops.convolution": "convolution convolution_input convolution_weight left_over transposed_size",
    "ops.copies": """
        alias_copy as_strided as_strided_scatter at_places diagonal_scatter expand_to_copy narrow_copy
        permute_copy places_back select_copy select_scatter slice_of_copy slice_scatter split_with_sizes_copy
        squeeze_copy t_copy transpose_copy unbind_copy unfold_copy unsafe_split unsafe_split_with_sizes
        unsqueeze_copy view_as_copy
    """,
    "ops.ctc": "ctc_loss ctc_loss_backward",
    "ops.cumulative": "cumprod cumprod_slope cumprod_tangent cumsum sum_after",
    "ops.distances": "distance_norm pair_slope pair_tangent pdist trilinear",
    "ops.embedding": """
        bag_max_slope bag_slope bag_weight_slope by_lookup embedding embedding_bag embedding_bag_max
        embedding_dense_backward known lookup_shares per_lookup
    """,
    "ops.extremes": """
        all_of amax amin any_of argmax argmin count_nonzero given_to max_all max_dim min_all min_dim pick
        place shared ties
    """,
    "ops.factors": """
        as_complex both_of columns_scaled diagonal_of eig eig_slope eig_tangents eigh eigh_slope eigh_tangents
        exp_along gaps lstsq lstsq_slope lstsq_tangents matrix_exp one_wide phase_matters pinv pinv_of
        pinv_slope pinv_tangent rows_scaled skew skew_diagonal svd svd_slope svd_tangents
    """,
    "ops.fill": "binomial_of_two filled_with normal_of_two overwritten zeros_shaped",
    "ops.fourier": "fft_c2c fft_c2r fft_r2c twice_inside",
    "ops.functions": """
        abs acos acosh acosh_slope asin asinh atan atanh cast cast_in_format ceil cos cosh deg2rad exp exp2
        expm1 floor frac frexp log log10 log1p log2 nan_to_num only_where rad2deg round round_decimals rsqrt
        sgn sgn_slope sigmoid sigmoid_backward sign sin sinc sinh sqrt tan tanh tanh_backward trunc zeros_as
    """,
    "ops.gates": "glu glu_slope glu_tangent halves prelu rrelu",
    "ops.images": "channel_shuffle col2im im2col other_groups pixel_shuffle pixel_unshuffle",
    "ops.index": """
        as_strided_view copy copy_slices corner erase gather gather_back in_dtype index_add index_back
        index_by index_copy index_erase index_fill index_put index_select into_corner of_value put_places
        scatter scatter_add scatter_number select_rows_back take take_back
    """,
    "ops.join": "cat cut entries split split_with_sizes stack unbind",
    "ops.linalg": """
        addmm bmm columnar diag_embed diagonal_copy dot drop_dim mH mm mv outer_product scaled to_left
        to_right trace turned vdot
    """,
    "ops.losses": """
        binary_cross_entropy binary_cross_entropy_with_logits each huber_loss huber_slope logits_slope
        logits_target_slope mse_loss nll_loss_1d nll_loss_2d nll_pick nll_place reduced smooth_l1_loss
        smooth_slope softplus_of weighted
    """,
    "ops.lu": """
        adjoint_if lower_of lu lu_factor_ex lu_product_tangent lu_slope lu_solve lu_solve_slope lu_tangent
        lu_tangents lu_unpack ones_below permuted unpack_back upper_of
    """,
    "ops.margins": """
        collect_losses in_rows label_signs margin_slopes margin_terms multi_margin_loss multilabel_margin_loss
        soft_margin_loss soft_margin_slope spread_losses
    """,
    "ops.masks": "masked_back masked_fill masked_fill_tensor masked_only masked_select",
    "ops.normalization": """
        batch_axes batch_moments batch_normal batch_slope first_axes group_normal group_slope grouped
        layer_axes native_batch_norm native_group_norm native_layer_norm per_channel plus standard
        standard_slope sum_first times
    """,
    "ops.orthogonal": """
        column entry first_columns geqrf householder_back householder_product householder_tangent ormqr
        ormqr_back ormqr_tangent qr qr_slope qr_tangents qr_underivable reflect reflect_tangent reflected
        reflections_back
    """,
    "ops.padding": "constant_pad_nd opposite",
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
        addbmm addmv addr baddbmm cdist distance_slope euclidean_dist euclidean_slope euclidean_tangent
        linalg_cross one_column one_row spread_out
    """,
    "ops.reduce": """
        along_unit count_of kept leave_one_out mean mean_all nansum norm_slope prod_all prod_dim
        rest_of_product somewhere std sum sum_all undefined unless_zero var var_slope vector_norm
    """,
    "ops.resample": """
        resample resample_adaptiveavgpool2d resample_adaptiveavgpool3d resample_avgpool2d resample_avgpool3d
        resample_reflectionpad1d resample_reflectionpad2d resample_reflectionpad3d resample_replicationpad1d
        resample_replicationpad2d resample_replicationpad3d turned_taps
    """,
    "ops.scattering": """
        counted index_fill_tensor index_reduce masked_scatter ones_where put_elements reduce_self_slope
        reduce_source_slope reduce_tangent scatter_combined scatter_reduce shares_at
    """,
    "ops.shape": """
        alias clone diagonal diagonal_back expand_to flip fold_repeats inverse permute repeat reshape
        reshape_alias roll rot90 select select_back slice_back slice_of squeeze squeeze_ sum_to t t_ transpose
        transpose_ tril triu unfold unfold_back unreduce unsafe_view unsqueeze unsqueeze_ view_as
    """,
    "ops.softmax": "log_softmax log_softmax_slope logsumexp softmax softmax_slope",
    "ops.sort": "kthvalue median_all median_dim mode nanmedian_all nanmedian_dim sort sort_stable topk",
    "ops.special": """
        add_number digamma digamma_sum entr erf erfc erfcx erfinv igamma igammac lgamma log_ndtr logit
        mul_number mvlgamma ndtri not_derived polygamma xlog1py xlog1py_by_number xlog1py_of_number zeta
        zeta_by_number zeta_of_number
    """,
    "ops.statistics": """
        aminmax both_shared counts_of cummax cummin dist distinct limit logcumsumexp logcumsumexp_slope
        logcumsumexp_tangent others renorm renorm_slope renorm_tangent shares_of_sums spread_slope std_mean
        var_mean
    """,
    "ops.systems": """
        applied cofactors det inv_ex inverted minors minors_slope nearly_singular old_back old_matrix
        old_slope outer_back row_at slogdet slogdet_slope slogdet_tangent solve_ex solve_triangular solved
        triangle triangular_solve
    """,
}

ON_ARRAYS: dict[str, str] = {
    "calls.index": "check_put index_put_front",
    "calls.operators": "operated watched written_out",
    "ops.arithmetic": "divided factor modulo power whole_power",
    "ops.binary": "added operand",
    "ops.blocks": "Output join joined relayed",
    "ops.cholesky": "cholesky_of",
    "ops.complexes": "halved",
    "ops.convolution": "correlate correlate_weight spread",
    "ops.copies": "memory_of placed",
    "ops.ctc": "ctc_arrive ctc_backwards ctc_states",
    "ops.distances": "pairs_of",
    "ops.extremes": "spots",
    "ops.functions": "in_format",
    "ops.images": "blocks columns_of places_of windows_at",
    "ops.index": "along as_picked laid_out overlaps part_of put",
    "ops.join": "laid_or_channels_last pieces unbind_all",
    "ops.linalg": "matmul",
    "ops.losses": "chosen_classes plain",
    "ops.margins": "label_terms",
    "ops.masks": "filled",
    "ops.normalization": "affine dots moments",
    "ops.polynomials": "chebyshev_u_pair no_whole_numbers of_degree",
    "ops.pooling": "chosen_maxima flat_places window_maxima",
    "ops.products": "plus_product",
    "ops.reduce": "fractional laid squared total",
    "ops.resample": "resampled",
    "ops.scattering": "neutral reduced_into",
    "ops.shape": "owner restride shares",
    "ops.softmax": "exponentials has_vector_exp2 in_blocks row_by_row row_exponentials row_sums",
    "ops.sort": "first_of in_order_of kth_of middle nan_as order part tied unstable unstable_order",
    "ops.special": "special swapped_operands",
    "ops.systems": "lapack",
}

ON_TENSORS: dict[str, str] = {
    "calls.linalg": "matmul",
    "ops.arithmetic": "number",
}
