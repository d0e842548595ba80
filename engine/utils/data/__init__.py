"""``torch.utils.data``. Each file is read when one of its names is asked for."""

from __future__ import annotations

from ...naming import late

FILES = {
    "collate": "default_collate default_convert",
    "dataloader": "dataloader DataLoader get_worker_info",
    "dataset": "dataset ChainDataset ConcatDataset Dataset IterableDataset StackDataset Subset TensorDataset "
    "random_split",
    "sampler": "sampler BatchSampler RandomSampler Sampler SequentialSampler SubsetRandomSampler WeightedRandomSampler",
}

__getattr__, __all__ = late.names(__name__, "torch.utils.data", FILES)


def __dir__() -> list[str]:
    return sorted(__all__)
