"""Parametrized weights: programs that show the same in the engine and in PyTorch."""

from __future__ import annotations

from types import ModuleType

import pytest

from .both import programs, run_both

PROGRAMS = """
# the tutorial
import torch.nn.utils.parametrize as parametrize
class Symmetric(nn.Module):
    def forward(self, X):
        return X.triu() + X.triu(1).transpose(-1, -2)
layer = nn.Linear(3, 3)
show(layer, layer.weight)
parametrize.register_parametrization(layer, "weight", Symmetric())
A = layer.weight
show(layer, A, torch.allclose(A, A.T), list(layer.state_dict()), [n for n, _ in layer.named_parameters()])
show(layer.parametrizations.weight.original, layer.parametrizations.weight[0], type(layer).__name__)
layer(torch.ones(2, 3)).sum().backward()
show(layer.parametrizations.weight.original.grad, layer.bias.grad)
class Skew(nn.Module):
    def forward(self, X):
        A = X.triu(1)
        return A - A.transpose(-1, -2)
cnn = nn.Conv2d(in_channels=5, out_channels=8, kernel_size=2)
parametrize.register_parametrization(cnn, "weight", Skew())
show(cnn.weight[2, 2], parametrize.type_before_parametrizations(cnn).__name__)
# several, cached, removed
import torch.nn.utils.parametrize as parametrize
calls = []
class Twice(nn.Module):
    def forward(self, X):
        calls.append(1)
        return X * 2
    def right_inverse(self, A):
        return A / 2
class Plus(nn.Module):
    def forward(self, X):
        return X + 1
    def right_inverse(self, A):
        return A - 1
layer = nn.Linear(2, 2)
before = layer.weight
parametrize.register_parametrization(layer, "weight", Twice())
show(layer.weight, before is layer.parametrizations.weight.original, parametrize.is_parametrized(layer))
parametrize.register_parametrization(layer, "weight", Plus())
parametrize.register_parametrization(layer, "bias", Plus())
show(layer.weight, layer, parametrize.is_parametrized(layer, "bias"), parametrize.is_parametrized(layer, "x"))
layer.weight = torch.ones(2, 2)
show(layer.weight, layer.parametrizations.weight.original)
calls.clear()
with parametrize.cached():
    layer(torch.ones(2)), layer(torch.ones(2)), layer.weight
show(len(calls))
import copy
other = copy.deepcopy(layer)
show(other.weight, type(other).__name__, other.parametrizations is layer.parametrizations)
import pickle
fails(lambda: pickle.dumps(layer))
parametrize.remove_parametrizations(layer, "weight")
show(layer.weight, layer, type(layer).__name__)
parametrize.remove_parametrizations(layer, "bias", leave_parametrized=False)
show(layer.bias, layer, type(layer).__name__, list(layer.state_dict()))
# several originals
import torch.nn.utils.parametrize as parametrize
class Ranks(nn.Module):
    def forward(self, a, b):
        return a @ b
    def right_inverse(self, W):
        return W[:, :1].clone(), torch.ones(1, W.shape[1])
layer = nn.Linear(3, 2, bias=False)
parametrize.register_parametrization(layer, "weight", Ranks())
show(layer.weight, list(layer.state_dict()), layer.parametrizations.weight.ntensors)
fails(lambda: parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False))
parametrize.remove_parametrizations(layer, "weight")
show(layer.weight, type(layer.weight).__name__)
one, two = nn.Linear(2, 2), nn.Linear(2, 2)
class Half(nn.Module):
    def forward(self, X):
        return X / 2
parametrize.register_parametrization(one, "weight", Half())
parametrize.transfer_parametrizations_and_params(one, two)
show(two.weight, torch.equal(one.weight, two.weight), parametrize.is_parametrized(two))
# what may not be
import torch.nn.utils.parametrize as parametrize
class To(nn.Module):
    def __init__(self, f):
        super().__init__()
        self.f = f
    def forward(self, X):
        return self.f(X)
layer = nn.Linear(2, 2)
for f in (lambda X: X[:1], lambda X: X.double(), lambda X: 3):
    fails(lambda: parametrize.register_parametrization(layer, "weight", To(f)))
fails(lambda: parametrize.register_parametrization(layer, "nope", To(abs)))
fails(lambda: parametrize.remove_parametrizations(layer, "weight"))
layer = nn.Linear(2, 2)
parametrize.register_parametrization(layer, "weight", To(lambda X: X[:1]), unsafe=True)
show(layer.weight.shape)
layer = nn.Linear(2, 2)
parametrize.register_parametrization(layer, "weight", To(lambda X: X))
for f in (lambda X: X[:1], lambda X: X.double(), lambda X: 3):
    fails(lambda: parametrize.register_parametrization(layer, "weight", To(f)))
fails(lambda: setattr(layer, "weight", torch.ones(2, 2)))
# weight norm
from torch.nn.utils.parametrizations import weight_norm
layer = weight_norm(nn.Linear(3, 2))
show(layer, list(layer.state_dict()), layer.weight, layer.parametrizations.weight.original0)
layer(torch.ones(1, 3)).sum().backward()
show([p.grad for p in layer.parameters()])
layer.load_state_dict({"weight_g": torch.ones(2, 1), "weight_v": torch.ones(2, 3), "bias": torch.zeros(2)})
show(layer.weight, weight_norm(nn.Conv1d(2, 3, 2), dim=1).parametrizations.weight.original0.shape)
show(weight_norm(nn.Linear(2, 2), dim=None).parametrizations.weight.original0)
old = nn.utils.weight_norm(nn.Linear(3, 2))
show(old, list(old.state_dict()), old.weight, old(torch.ones(3)))
fails(lambda: nn.utils.weight_norm(old))
nn.utils.remove_weight_norm(old)
show(list(old.state_dict()), old.weight)
fails(lambda: nn.utils.remove_weight_norm(old))
# spectral norm
from torch.nn.utils.parametrizations import spectral_norm
torch.manual_seed(2)
layer = spectral_norm(nn.Linear(4, 3))
show(layer, list(layer.state_dict()), layer.weight)
layer(torch.ones(1, 4)).sum().backward()
show([p.grad for p in layer.parameters()], layer.parametrizations.weight[0]._u)
layer.eval()
show(layer.weight, layer.parametrizations.weight[0]._u)
show(spectral_norm(nn.ConvTranspose1d(2, 3, 2), n_power_iterations=3).weight, spectral_norm(nn.Conv1d(2, 3, 2)).weight)
fails(lambda: spectral_norm(nn.Linear(2, 2), n_power_iterations=0))
fails(lambda: spectral_norm(nn.Linear(2, 2), dim=2))
fails(lambda: spectral_norm(nn.Linear(2, 2), "nope"))
# spectral norm by a hook
torch.manual_seed(2)
layer = nn.utils.spectral_norm(nn.Linear(4, 3))
show(layer, list(layer.state_dict()), layer.state_dict()._metadata[""], type(layer.weight).__name__)
x = torch.ones(1, 4)
layer(x).sum().backward()
show(layer.weight, layer.weight_orig.grad, layer.weight_u, layer.weight_v)
layer.eval()
show(layer(x), layer.weight_u, list(nn.utils.spectral_norm(nn.ConvTranspose2d(2, 3, 2)).state_dict()))
fails(lambda: nn.utils.spectral_norm(layer))
nn.utils.remove_spectral_norm(layer)
show(list(layer.state_dict()), layer.weight, layer(x))
fails(lambda: nn.utils.remove_spectral_norm(layer))
fails(lambda: nn.utils.spectral_norm(nn.Linear(2, 2), n_power_iterations=0))
"""


@pytest.mark.parametrize("source", programs(PROGRAMS))
def test_as_in_torch(torch: ModuleType, source: str) -> None:
    """A program shows the same values, texts, errors and warnings with both libraries."""
    run_both(torch, source, 1e-5)
