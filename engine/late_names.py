"""What the late families give; written by ``python -m tests.late_names``."""

FUNCTIONS: dict[str, str] = {
    "sampling": """
        Generator bernoulli default_generator get_rng_state initial_seed manual_seed normal rand rand_like
        randint randint_like randn randn_like randperm seed set_rng_state
    """,
}

METHODS: dict[str, str] = {
    "sampling": """
        bernoulli bernoulli_ normal_ random_ uniform_
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
    "ops.resample": """
        resample
    """,
}
