"""utils.data: the same items in the same order, from the same random numbers, as in PyTorch."""

from __future__ import annotations

from types import ModuleType

import pytest

import engine

from .both import programs, run_both

PROGRAMS = """
# datasets
from torch.utils.data import (ChainDataset, ConcatDataset, Dataset, IterableDataset, StackDataset, Subset,
                              TensorDataset, random_split)
class Squares(Dataset):
    def __init__(self, n):
        self.n = n
    def __len__(self):
        return self.n
    def __getitem__(self, i):
        return i * i
a, b = Squares(4), Squares(3)
show(a[2], len(a + b), list((a + b)[i] for i in range(7)), (a + b)[-1], (a + b).cumulative_sizes)
t = TensorDataset(torch.arange(6.0).view(3, 2), torch.tensor([0, 1, 2]))
show(t[1], len(t), t[:2], Subset(a, [3, 0])[0], len(Subset(a, [3, 0])), Subset(a, [3, 1]).__getitems__([1, 0]))
show(StackDataset(a, Squares(4))[3], StackDataset(x=a, y=Squares(4))[2], len(StackDataset(a)))
class Count(IterableDataset):
    def __iter__(self):
        return iter(range(3))
    def __len__(self):
        return 3
show(list(Count() + Count()), len(ChainDataset([Count(), Count()])))
for call in (lambda: TensorDataset(torch.ones(2), torch.ones(3)), lambda: ConcatDataset([]), lambda: Dataset()[0],
             lambda: ConcatDataset([Count()]), lambda: (a + b)[-8], lambda: StackDataset(), lambda: StackDataset(a, b),
             lambda: StackDataset(a, x=a), lambda: list(ChainDataset([a])), lambda: random_split(a, [1, 2])):
    fails(call)
# splits
from torch.utils.data import random_split
torch.manual_seed(4)
parts = random_split(range(10), [3, 7])
show([list(p.indices) for p in parts], [list(p) for p in random_split(range(10), [0.5, 0.25, 0.25])])
show([len(p) for p in random_split(range(3), [0.9, 0.1])], torch.rand(1))
show([list(p) for p in random_split(range(5), [2, 3], generator=torch.Generator().manual_seed(42))])
fails(lambda: random_split(range(3), [1.5, -0.5]))
# loaders
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.arange(14.0).view(7, 2), torch.arange(7))
torch.manual_seed(1)
for options in ({}, {"batch_size": 3}, {"batch_size": 3, "shuffle": True}, {"batch_size": 3, "drop_last": True},
                {"batch_size": 2, "shuffle": True, "drop_last": True}, {"batch_size": None},
                {"batch_size": 4, "sampler": [3, 1, 5]},
                {"batch_sampler": [[0, 1], [5]]}, {"batch_size": 2, "collate_fn": lambda b: len(b)},
                {"batch_size": 3, "shuffle": True, "generator": torch.Generator().manual_seed(7)}):
    loader = DataLoader(data, **options)
    show(len(loader), list(loader), list(loader)[-1], torch.rand(1))
show(len(iter(loader)), loader.batch_size, loader.drop_last)
fails(lambda: setattr(loader, "batch_size", 3))
for options in ({"batch_size": 0}, {"shuffle": True, "sampler": [1]}, {"batch_sampler": [[1]], "batch_size": 2},
                {"batch_size": None, "drop_last": True}, {"num_workers": -1}, {"timeout": -1}, {"prefetch_factor": 2},
                {"persistent_workers": True}):
    fails(lambda: DataLoader(data, **options))
show(list(DataLoader(range(3), pin_memory=True)))
# an iterable dataset
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
class Count(IterableDataset):
    def __iter__(self):
        return iter(range(5))
show(list(DataLoader(Count())), list(DataLoader(Count(), batch_size=2)), list(DataLoader(Count(), 2, drop_last=True)))
show(list(DataLoader(Count(), batch_size=None)), get_worker_info())
fails(lambda: len(DataLoader(Count())))
for options in ({"shuffle": True}, {"sampler": 3}, {"batch_sampler": 3}):
    fails(lambda: DataLoader(Count(), **options))
# samplers
from torch.utils.data import BatchSampler, RandomSampler, SequentialSampler, SubsetRandomSampler, WeightedRandomSampler
torch.manual_seed(2)
show(list(SequentialSampler("abc")), list(RandomSampler("abcdef")), list(RandomSampler("abc", num_samples=8)))
show(list(RandomSampler("abc", True, 40)), list(SubsetRandomSampler([5, 6, 7])), len(RandomSampler("ab", True, 9)))
show(list(BatchSampler(SequentialSampler("abcde"), 2, False)), list(BatchSampler(range(5), 2, True)))
show(len(BatchSampler(range(5), 2, True)), len(BatchSampler(range(5), 2, False)), torch.rand(1))
for call in (lambda: RandomSampler("ab", 3), lambda: RandomSampler([]), lambda: RandomSampler("a", num_samples=0),
             lambda: BatchSampler(range(3), 0, False), lambda: BatchSampler(range(3), 1, 0),
             lambda: WeightedRandomSampler([1.0], 0), lambda: WeightedRandomSampler([1.0], 1, 3),
             lambda: WeightedRandomSampler([[1.0]], 1)):
    fails(call)
# collating
import collections
import numpy as np
from torch.utils.data import default_collate, default_convert
Point = collections.namedtuple("Point", ["x", "y"])
show(default_collate([1, 2]), default_collate([1.5, 2.0]), default_collate(["a", "b"]), default_collate([True, False]))
show(default_collate([torch.ones(2), torch.zeros(2)]), default_collate([np.ones(2), np.zeros(2)]))
show(default_collate([np.float32(1), np.float32(2)]), default_collate([np.int64(1), np.int64(2)]))
show(default_collate([(1, 2.0), (3, 4.0)]), default_collate([[1, "a"], [2, "b"]]))
show(default_collate([{"a": 1}, {"a": 2}]))
point = default_collate([Point(1, 2), Point(3, 4)])
show(point.x, point.y, type(point).__name__)
show(default_convert(np.ones(2)), default_convert([np.int64(3), "a"]), default_convert((1, np.zeros(1))))
show(default_convert({"a": np.ones(1)}), default_convert("text"), default_convert(np.array(["a"])).tolist())
show(default_convert(3))
fails(lambda: default_collate([object()]))
fails(lambda: default_collate([[1, 2], [3]]))
fails(lambda: default_collate([np.array(["a"])]))
"""


@pytest.mark.parametrize("source", programs(PROGRAMS))
def test_as_in_torch(torch: ModuleType, source: str) -> None:
    """A program shows the same items, texts, errors and warnings with both libraries."""
    run_both(torch, source)


def test_workers_change_nothing() -> None:
    """With workers asked for, batches come in the same order: they are loaded by the process that asks."""
    data = engine.utils.data
    seen = []
    for workers in (0, 2):
        engine.manual_seed(3)
        seen.append([b.tolist() for b in data.DataLoader(range(9), 2, shuffle=True, num_workers=workers)])
    assert seen[0] == seen[1]
    with pytest.raises(NotImplementedError, match="no workers"):
        data.DataLoader(range(3), num_workers=1, worker_init_fn=print)
