"""What the late families give; written by ``python -m tests.late_names``."""

FUNCTIONS: dict[str, str] = {
    "sampling": """
        Generator bernoulli default_generator get_rng_state initial_seed manual_seed normal rand rand_like
        randint randint_like randn randn_like randperm seed set_rng_state
    """,
    "spectra": """
        istft stft
    """,
}

METHODS: dict[str, str] = {
    "sampling": """
        bernoulli bernoulli_ normal_ random_ uniform_
    """,
    "spectra": """
        istft stft
    """,
}

ROWS: dict[str, str] = {
    "ops.convolution": """
        convolution convolution_input convolution_weight
    """,
    "ops.convolving": """
        correlate correlate_weight spread
    """,
    "ops.embedding": """
        embedding embedding_dense_backward
    """,
    "ops.fourier": """
        fft_c2c fft_c2r fft_r2c twice_inside
    """,
    "ops.gates": """
        glu prelu
    """,
    "ops.losses": """
        binary_cross_entropy binary_cross_entropy_with_logits huber_loss mse_loss nll_loss_1d nll_loss_2d
        nll_place smooth_l1_loss
    """,
    "ops.padding": """
        constant_pad_nd
    """,
    "ops.pooling": """
        adaptive_max_pool2d adaptive_max_pool3d fractional_max_pool2d fractional_max_pool3d max_pool2d
        max_pool3d max_unpool2d max_unpool3d pool_pick pool_place
    """,
    "ops.resample": """
        resample resample_adaptiveavgpool2d resample_adaptiveavgpool3d resample_avgpool2d resample_avgpool3d
        resample_reflectionpad1d resample_reflectionpad2d resample_reflectionpad3d resample_replicationpad1d
        resample_replicationpad2d resample_replicationpad3d turned_taps
    """,
}
