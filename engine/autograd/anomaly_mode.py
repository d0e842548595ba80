"""``torch.autograd.anomaly_mode``: find the operation whose derivative fails or gives NaN."""

from __future__ import annotations

import warnings

from ..graph.anomaly import set_anomaly_enabled, state


class _AnomalyMode:
    def __init__(self) -> None:
        self.prev, self.prev_check_nan = state.on, state.check_nan

    def __exit__(self, *_: object) -> None:
        set_anomaly_enabled(self.prev, self.prev_check_nan)


class detect_anomaly(_AnomalyMode):
    """Inside, a backward pass that fails, or gives NaN, says where the program made the operation; slow."""

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__()
        self.check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            stacklevel=2,
        )

    def __enter__(self) -> None:
        set_anomaly_enabled(True, self.check_nan)


class set_detect_anomaly(_AnomalyMode):
    """Turn anomaly mode on or off, at once; as a context manager it is put back at the end."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__()
        set_anomaly_enabled(mode, check_nan)

    def __enter__(self) -> None:
        pass


__all__ = ["detect_anomaly", "set_detect_anomaly"]
