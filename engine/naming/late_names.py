"""What users find in the families; written by ``python -m tests.late_names``."""

FUNCTIONS: dict[str, str] = {
    "activations": "celu hardshrink relu selu threshold",
    "arithmetic": """
        add div divide float_power floor_divide fmod mul multiply neg negative positive pow reciprocal
        remainder rsub square sub subtract true_divide
    """,
    "arrange": "diagonal flip fliplr flipud narrow repeat_interleave roll rot90 select tile tril triu",
    "binary": """
        addcdiv addcmul arctan2 atan2 clamp clamp_max clamp_min clip copysign fmax fmin gcd heaviside hypot
        lcm ldexp lerp logaddexp logaddexp2 maximum minimum nextafter xlogy
    """,
    "compare": """
        allclose bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor eq
        equal ge greater greater_equal gt isclose isfinite isinf isnan isneginf isposinf isreal le less
        less_equal logical_and logical_not logical_or logical_xor lt ne not_equal signbit where
    """,
    "complexes": """
        adjoint angle complex conj conj_physical imag is_conj is_neg polar real resolve_conj resolve_neg
        view_as_complex view_as_real
    """,
    "copies": """
        alias_copy as_strided as_strided_copy as_strided_scatter diagonal_copy diagonal_scatter expand_copy
        narrow_copy permute_copy resize_as_ select_copy select_scatter slice_copy slice_scatter
        split_with_sizes_copy squeeze_copy t_copy transpose_copy unbind_copy unfold_copy unsafe_chunk
        unsafe_split unsafe_split_with_sizes unsqueeze_copy view_copy
    """,
    "creation": """
        arange as_tensor asarray empty empty_like eye fill from_numpy full full_like linspace logspace
        meshgrid ones ones_like scalar_tensor tensor zeros zeros_like
    """,
    "cumulative": "cumprod cumsum",
    "differences": "cumulative_trapezoid diff gradient trapezoid trapz",
    "discrete": "bincount bucketize histc histogram histogramdd isin searchsorted unique unique_consecutive",
    "einsum": "einsum",
    "extremes": "all amax amin any argmax argmin count_nonzero max min",
    "functions": """
        abs absolute acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh ceil cos
        cosh deg2rad exp exp2 expm1 fix floor frac frexp log log10 log1p log2 nan_to_num rad2deg round rsqrt
        sgn sigmoid sign sin sinc sinh sqrt tan tanh trunc
    """,
    "gather": "gather index_add index_copy index_fill index_select scatter scatter_add take take_along_dim",
    "grids": """
        bartlett_window blackman_window block_diag cartesian_prod combinations diagflat empty_permuted
        empty_strided hamming_window hann_window kaiser_window range tril_indices triu_indices
    """,
    "index": "argwhere index_put masked_fill masked_select nonzero",
    "join": """
        cat chunk column_stack concat concatenate dsplit dstack hsplit hstack row_stack split split_with_sizes
        stack tensor_split unbind vsplit vstack
    """,
    "linalg": "addmm bmm diag diag_embed dot ger inner matmul mm mv outer tensordot trace vdot",
    "matrices": """
        chain_matmul cholesky cholesky_inverse cholesky_solve det geqrf inverse logdet lu lu_solve lu_unpack
        matrix_exp matrix_power nuclear_norm orgqr ormqr pca_lowrank pinverse qr slogdet svd svd_lowrank
        triangular_solve vander
    """,
    "order": "moveaxis movedim permute swapaxes swapdims t transpose",
    "products": "addbmm addmv addr baddbmm cdist cross kron",
    "questions": """
        are_deterministic_algorithms_enabled detach get_default_device get_device get_float32_matmul_precision
        is_deterministic_algorithms_warn_only_enabled is_same_size is_signed is_storage set_default_device
        set_default_tensor_type set_float32_matmul_precision typename use_deterministic_algorithms
    """,
    "reduce": "mean nanmean nansum norm prod std sum var",
    "sampling": """
        Generator bernoulli binomial default_generator get_rng_state initial_seed manual_seed multinomial
        normal poisson rand rand_like randint randint_like randn randn_like randperm seed set_rng_state
    """,
    "scattering": "index_reduce masked_scatter nonzero_static put scatter_reduce unravel_index",
    "shape": """
        atleast_1d atleast_2d atleast_3d broadcast_shapes broadcast_tensors broadcast_to clone flatten ravel
        reshape squeeze unflatten unsqueeze
    """,
    "softmax": "log_softmax logsumexp softmax",
    "sort": "argsort kthvalue median mode msort nanmedian sort topk",
    "special": "digamma erf erfc erfinv i0 igamma igammac lgamma logit mvlgamma polygamma",
    "spectra": "istft stft",
    "statistics": "aminmax corrcoef cov cummax cummin dist logcumsumexp nanquantile quantile renorm std_mean var_mean",
}

METHODS: dict[str, str] = {
    "activations": "hardshrink prelu relu relu_",
    "arithmetic": """
        __add__ __floordiv__ __iadd__ __ifloordiv__ __imod__ __imul__ __ipow__ __isub__ __itruediv__ __mod__
        __mul__ __neg__ __pos__ __pow__ __radd__ __rdiv__ __rfloordiv__ __rmod__ __rmul__ __rpow__ __rsub__
        __rtruediv__ __sub__ __truediv__ add add_ div div_ divide divide_ float_power float_power_
        floor_divide floor_divide_ fmod fmod_ mul mul_ multiply multiply_ neg neg_ negative negative_ positive
        pow pow_ reciprocal reciprocal_ remainder remainder_ square square_ sub sub_ subtract subtract_
        true_divide true_divide_
    """,
    "arrange": """
        diagonal flip fliplr flipud narrow repeat repeat_interleave roll rot90 select tile tril tril_ triu
        triu_ unfold
    """,
    "binary": """
        addcdiv addcdiv_ addcmul addcmul_ arctan2 arctan2_ atan2 atan2_ clamp clamp_ clamp_max clamp_max_
        clamp_min clamp_min_ clip clip_ copysign copysign_ fmax fmin gcd gcd_ heaviside heaviside_ hypot
        hypot_ lcm lcm_ ldexp ldexp_ lerp lerp_ logaddexp logaddexp2 maximum minimum nextafter nextafter_
        xlogy xlogy_
    """,
    "cast": "bool byte cdouble cfloat char cpu double float half int long short to type type_as",
    "compare": """
        __and__ __eq__ __ge__ __gt__ __iand__ __ilshift__ __invert__ __ior__ __irshift__ __ixor__ __le__
        __lshift__ __lt__ __ne__ __or__ __rand__ __rlshift__ __ror__ __rrshift__ __rshift__ __rxor__ __xor__
        allclose bitwise_and bitwise_and_ bitwise_left_shift bitwise_left_shift_ bitwise_not bitwise_not_
        bitwise_or bitwise_or_ bitwise_right_shift bitwise_right_shift_ bitwise_xor bitwise_xor_ eq eq_ equal
        ge ge_ greater greater_ greater_equal greater_equal_ gt gt_ isclose isfinite isinf isnan isneginf
        isposinf isreal le le_ less less_ less_equal less_equal_ logical_and logical_and_ logical_not
        logical_not_ logical_or logical_or_ logical_xor logical_xor_ lt lt_ ne ne_ not_equal not_equal_
        signbit where
    """,
    "complexes": "adjoint angle conj conj_physical conj_physical_ imag is_conj is_neg real resolve_conj resolve_neg",
    "copies": """
        as_strided as_strided_ as_strided_scatter diagonal_scatter narrow_copy resize_ resize_as_
        select_scatter slice_scatter storage_offset sum_to_size unsafe_chunk unsafe_split
        unsafe_split_with_sizes
    """,
    "creation": "fill_ new_empty new_full new_ones new_tensor new_zeros zero_",
    "cumulative": "cumprod cumprod_ cumsum cumsum_",
    "differences": "diff",
    "discrete": "bincount histc histogram unique unique_consecutive",
    "elements": "__reversed__ apply_ fill_diagonal_ is_nonzero map_ new",
    "extremes": "all amax amin any argmax argmin count_nonzero max min",
    "functions": """
        __abs__ abs abs_ absolute absolute_ acos acos_ acosh acosh_ arccos arccos_ arccosh arccosh_ arcsin
        arcsin_ arcsinh arcsinh_ arctan arctan_ arctanh arctanh_ asin asin_ asinh asinh_ atan atan_ atanh
        atanh_ ceil ceil_ cos cos_ cosh cosh_ deg2rad deg2rad_ exp exp2 exp2_ exp_ expm1 expm1_ fix fix_ floor
        floor_ frac frac_ frexp log log10 log10_ log1p log1p_ log2 log2_ log_ nan_to_num nan_to_num_ rad2deg
        rad2deg_ round round_ rsqrt rsqrt_ sgn sgn_ sigmoid sigmoid_ sign sign_ sin sin_ sinc sinc_ sinh sinh_
        sqrt sqrt_ tan tan_ tanh tanh_ trunc trunc_
    """,
    "gather": """
        gather index_add index_add_ index_copy index_copy_ index_fill index_fill_ index_select scatter
        scatter_ scatter_add scatter_add_ take take_along_dim
    """,
    "grids": "diagflat new_empty_strided",
    "index": """
        __delitem__ __getitem__ __setitem__ argwhere copy_ index_put index_put_ masked_fill masked_fill_
        masked_select nonzero
    """,
    "join": "chunk dsplit hsplit split split_with_sizes tensor_split unbind vsplit",
    "linalg": "__matmul__ __rmatmul__ addmm addmm_ bmm diag diag_embed dot ger inner matmul mm mv outer trace vdot",
    "matrices": """
        cholesky cholesky_inverse cholesky_solve det geqrf inverse logdet lu lu_solve matrix_exp matrix_power
        orgqr ormqr pinverse qr slogdet svd triangular_solve
    """,
    "order": "H mH mT moveaxis movedim permute swapaxes swapdims t transpose",
    "products": "addbmm addbmm_ addmv addmv_ addr addr_ baddbmm baddbmm_ cross kron",
    "questions": """
        get_device is_coalesced is_cpu is_cuda is_distributed is_meta is_mkldnn is_mps is_nested is_pinned
        is_quantized is_same_size is_shared is_signed is_sparse is_sparse_csr is_xla is_xpu
    """,
    "reduce": "mean nanmean nansum norm prod std sum var",
    "reshaping": "squeeze_ swapaxes_ swapdims_ t_ transpose_ unsqueeze_",
    "sampling": """
        bernoulli bernoulli_ cauchy_ exponential_ geometric_ log_normal_ multinomial normal_ random_ uniform_
    """,
    "scattering": """
        index_reduce index_reduce_ masked_scatter masked_scatter_ nonzero_static put put_ scatter_reduce
        scatter_reduce_
    """,
    "shape": """
        broadcast_to clone contiguous expand expand_as flatten ravel reshape reshape_as squeeze unflatten
        unsqueeze view view_as
    """,
    "softmax": "log_softmax logsumexp softmax",
    "sort": "argsort kthvalue median mode msort nanmedian sort topk",
    "special": """
        digamma digamma_ erf erf_ erfc erfc_ erfinv erfinv_ i0 i0_ igamma igamma_ igammac igammac_ lgamma
        lgamma_ logit logit_ mvlgamma mvlgamma_ polygamma polygamma_
    """,
    "spectra": "istft stft",
    "statistics": "aminmax corrcoef cov cummax cummin dist logcumsumexp nanquantile quantile renorm renorm_",
}
