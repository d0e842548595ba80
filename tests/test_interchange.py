"""Tensors among Python's and NumPy's things: attributes, conversions, NumPy on either side, copies, subclasses."""

from __future__ import annotations

import gc
import io
import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import engine
from engine.mode import _lookouts

ATTRIBUTES = r"""
r = T.ones(2).real
r = (T.ones(2)+1j).real
r = (T.ones(2)+1j).imag
r = T.ones(2).imag
x=(T.ones(2)+1j); x.imag.zero_(); r=x
x=(T.ones(2)+1j); x.real=T.zeros(2); r=x
x=T.ones(2); x.real=T.zeros(2); r=x
x=T.ones(2,3); x.T
r = T.ones(2,3).mT
r = T.ones(2,3).H
r = (T.ones(2,3)+1j).mH
r = T.ones(2,3).nbytes, T.ones(2,3).itemsize, T.ones(2).element_size()
r = T.ones(2).device, T.ones(2).layout, T.ones(2).is_cuda, T.ones(2).is_sparse, T.ones(2).is_quantized, T.ones(2).is_meta, T.ones(2).is_mkldnn, T.ones(2).is_mps,T.ones(2).is_cpu, T.ones(2).is_xpu, T.ones(2).is_nested
r = str(T.ones(2).layout)
r = T.strided, T.contiguous_format, T.preserve_format, T.channels_last
r = T.ones(2).names
r = T.ones(2).name
r = T.ones(2).get_device()
r = T.ones(2).is_contiguous(memory_format=T.contiguous_format)
r = T.ones(2,3).t().contiguous(memory_format=T.contiguous_format).stride()
r = T.ones(2,3).clone(memory_format=T.preserve_format)
r = T.ones(2,3,4,5).to(memory_format=T.channels_last).stride()
r = T.ones(2,3,4,5).contiguous(memory_format=T.channels_last).is_contiguous(memory_format=T.channels_last)
r = T.ones(2).dim_order()
r = T.ones(2,3).storage_offset()
r = T.ones(2,3)[1].storage_offset()
r = T.ones(2,3).t().stride(0), T.ones(2,3).stride(-1)
r = T.ones(2,3).size(-1), T.ones(2,3).size()
r = T.ones(2,3).size(5)
r = T.ones(2,3).stride(5)
r = T.ones(2,3).tolist()
r = T.ones(2,3).item()
r = float(T.tensor(2)), int(T.tensor(2.7)), complex(T.tensor(2.)), bool(T.tensor(0.))
r = float(T.ones(2))
r = int(T.ones(2))
r = complex(T.ones(2))
r = int(T.tensor(1j))
r = float(T.tensor(1j))
r = float(T.tensor([2.]))
r = int(T.tensor(float('nan')))
r = [10,20,30][T.tensor(1)]
r = [10,20,30][T.tensor([1])]
r = [10,20,30][T.tensor(1.)]
r = range(T.tensor(3))
r = bool(T.ones(2))
r = bool(T.tensor([]))
r = not T.tensor(0)
r = 3 in T.tensor([1,2,3]), 4 in T.tensor([1,2,3]), T.tensor(3) in T.tensor([1,2,3])
r = 'a' in T.tensor([1,2,3])
r = None in T.tensor([1,2,3])
r = len(T.tensor(1))
r = len(T.ones(0,3))
r = [a.tolist() for a in T.ones(2,2)]
r = list(T.tensor(1.))
r = f"{T.tensor(1.5):.3f}"
r = f"{T.tensor([1.5]):.3f}"
r = f"{T.ones(2)}"
r = f"{T.tensor(1.5)}"
r = f"{T.tensor(2):d}"
r = f"{T.tensor(2.5, requires_grad=True):.1f}"
r = format(T.ones(2),'')
r = f"{T.ones(2):.2f}"
r = "%.2f" % T.tensor(1.5)
r = "%d" % T.tensor(3)
x=T.ones(2); r={x:1}[x]
r = T.ones(2)==None
r = T.ones(2)!=None
r = T.ones(2)=='a'
r = T.ones(2)==[1,1]
r = T.ones(2)==(1,2)
r = T.ones(2)<'a'
r = T.ones(2)+'a'
r = T.ones(2)+None
r = 'a'+T.ones(2)
r = T.ones(2)@[1,2]
r = -T.tensor(True)
r = ~T.tensor(1.)
r = abs(T.tensor(-1))
r = round(T.tensor(1.567),2) if hasattr(T.Tensor,'__round__') else None
import math; r=math.floor(T.tensor(1.5)), math.ceil(T.tensor(1.5)), math.trunc(T.tensor(1.5))
import math; r=math.sqrt(T.tensor(4.))
r = round(T.tensor(1.5))
r = divmod(T.tensor(7),2)
r = list(reversed(T.tensor([1,2])))
r = sum(T.tensor([1.,2.]))
r = max(T.tensor([1.,2.]))
r = sorted(T.tensor([2.,1.]))
r = T.ones(2).type()
r = T.ones(2).type(T.float64)
r = T.ones(2).type('torch.DoubleTensor')
r = T.ones(2).type('foo')
r = T.ones(2).to(T.float64)
r = T.ones(2).to('cpu')
r = T.ones(2).to('cpu', T.float64)
r = T.ones(2).to(T.device('cpu'), T.float64, True, True)
r = T.ones(2).to(T.ones(1,dtype=T.int32))
r = T.ones(2).to(dtype=T.int32, device='cpu', copy=True)
r = T.ones(2).to()
r = T.ones(2).to(float)
x=T.ones(2); r=x.to(T.float32) is x, x.to(T.float32,copy=True) is x, x.float() is x
r = T.ones(2).cpu(),
r = T.ones(2).new_tensor([1,2])
r = T.ones(2).new_zeros(2,3)
r = T.ones(2,dtype=T.int32).new_ones((2,))
r = T.ones(2).new_full((2,),3)
r = T.ones(2).new([1,2])
r = T.ones(2).ndimension(), T.ones(2).nelement(), T.ones(2,3).numel(), T.ones(2).dim()
r = T.ones(2).has_names()
r = T.ones(2).resolve_conj(), T.ones(2).resolve_neg()
r = T.ones(2,3).apply_(lambda v: v+1)
r = T.ones(2).map_(T.ones(2), lambda a,b: a+b)
r = T.is_tensor(T.ones(2)), T.is_tensor(3), T.is_storage(3)
r = T.Size([1,2])+(3,)
r = T.Size([1,2])*2
r = T.Size([1,2]).numel()
r = T.Size((T.tensor(2),3))
r = T.Size([1.5])
r = T.Size([1,2])[0:1], T.Size([1,2])[0], T.Size([1,2])==(1,2)
x=T.zeros(3); x.set_(T.ones(2)); r=x
x=T.zeros(3); x.resize_(2,2); r=x.shape
x=T.arange(6.); r=x.as_strided((2,2),(1,2))
x=T.arange(6.); r=x.as_strided((2,2),(1,2),1)
x=T.arange(6.); r=x.as_strided((5,5),(1,2),1)
r = T.from_numpy([1,2])
r = T.ones(2).numpy()
r = T.ones(2,requires_grad=True).numpy()
r = T.ones(2,requires_grad=True).numpy(force=True)
r = T.ones(2).__array__()
r = T.ones(2).__array_priority__
r = isinstance(T.ones(2),T.Tensor), isinstance(T.nn.Parameter(T.ones(2)),T.Tensor)
x=T.ones(2); x.foo=3; r=x.foo
"""  # noqa: E501  a program is one line

NUMPY = r"""
r = T.tensor(2).item()
r = T.tensor(True).item()
r = T.tensor(1j).item()
r = T.tensor([3.]).item()
r = T.tensor([]).item()
r = T.tensor([1,2]) in T.tensor([[1,2],[3,4]])
r = T.ones(2)==np.ones(2)
r = T.tensor([1,2]).__reversed__()
r = np.array([1,2])*T.tensor([1.,2.])
r = np.array([1,2])+T.tensor([1.,2.])
r = np.array([1.,2])-T.tensor([1,2])
r = np.array([1,2])@T.tensor([1,2])
r = np.array([1,2])/T.tensor([1.,2.],requires_grad=True)
r = np.array([1,2])==T.tensor([1,2])
r = np.array([1,2])<T.tensor([2,2])
r = np.float64(2)*T.tensor([1.,2.])
r = np.float32(2)*T.tensor([1.,2.])
r = np.float64(2)*T.tensor([1,2])
r = np.float64(2)*T.tensor([1.,2.],requires_grad=True)
r = np.float64(2)+T.tensor(1.,requires_grad=True)
r = T.tensor([1.,2.])*np.float64(2)
r = np.sin(T.tensor([1.,2.],requires_grad=True))
r = np.asarray(T.tensor([1.,2.]))
r = np.asarray(T.tensor([1.,2.]),dtype=int)
x=T.zeros(2); np.asarray(x)[0]=5; r=x
r = np.array([T.tensor(1.),T.tensor(2.)])
r = np.stack([T.ones(2),T.zeros(2)])
r = np.concatenate([T.ones(2),T.zeros(2)])
r = np.allclose(T.ones(2),np.ones(2))
r = np.testing.assert_allclose(T.ones(2),np.ones(2))
r = np.where(T.tensor([True,False]),1,2)
r = np.linalg.norm(T.ones(2))
a=np.zeros(3); a[:]=T.ones(3); r=a
a=np.zeros(3); a[T.tensor([0,1])]=5; r=a
a=np.zeros(3); a[T.tensor(1)]=5; r=a
a=np.zeros(3); a+=T.ones(3); r=a
a=np.zeros(3); a+=T.ones(3,requires_grad=True); r=a
a=np.zeros((2,3)); r=a[T.tensor([True,False])]
r = T.from_numpy(np.array([1,2]))
r = T.from_numpy(np.array(1.))
r = T.from_numpy(np.float64(1.))
r = T.from_numpy(np.array(['a']))
r = T.from_numpy(np.array([1,2],dtype='>f4'))
r = T.from_numpy(np.arange(4)[::-1])
r = T.from_numpy(np.array([1,2],dtype=object))
r = T.from_numpy(np.array([1,2],dtype=np.longdouble))
a=np.arange(3.); t=T.from_numpy(a); t[0]=9; r=a
a=np.arange(3.); t=T.from_numpy(a); a[0]=9; r=t
a=np.arange(3.); a.flags.writeable=False; r=T.from_numpy(a)
a=np.arange(6.).reshape(2,3).T; r=T.from_numpy(a).stride()
a=np.arange(3.); t=T.from_numpy(a); t.requires_grad_(); y=t*2; r=y
r = T.as_tensor(np.arange(3))
a=np.arange(3.); t=T.as_tensor(a); t[0]=9; r=a
r = T.as_tensor([1,2.5])
x=T.ones(2); r=T.as_tensor(x) is x
r = T.as_tensor(T.ones(2),dtype=T.int32)
r = T.asarray([1,2])
r = T.asarray(np.arange(3.))
a=np.arange(3.); t=T.asarray(a); t[0]=9; r=a
a=np.arange(3.); t=T.asarray(a,copy=True); t[0]=9; r=a
x=T.ones(2); r=T.asarray(x) is x, T.asarray(x,copy=True) is x
r = T.asarray(3), T.asarray(2.5), T.asarray(True)
r = T.asarray(T.ones(2),dtype=T.int64,copy=False)
r = T.asarray(T.ones(2),requires_grad=True).requires_grad
r = T.asarray(b'\x01\x02',dtype=T.uint8)
r = T.asarray(bytearray(b'\x01\x02'),dtype=T.uint8)
r = T.frombuffer(bytearray(b'\x01\x02\x03\x04'),dtype=T.uint8)
r = T.frombuffer(bytearray(b'\x01\x02\x03\x04'),dtype=T.int16)
r = T.frombuffer(bytearray(b'\x01\x02\x03\x04'),dtype=T.int16,count=1,offset=2)
r = T.frombuffer(bytearray(b'\x01\x02\x03'),dtype=T.int16)
r = T.frombuffer(bytearray(b''),dtype=T.uint8)
r = T.frombuffer(bytearray(b'\x01\x02'),dtype=T.uint8,offset=5)
import array; a=array.array('i',[1,2]); t=T.frombuffer(a,dtype=T.int32); t[0]=7; r=a.tolist()
r = T.tensor([[1,2],[3,4]])
r = T.tensor([T.tensor(1),T.tensor(2)])
r = T.tensor([np.array([1,2]),np.array([2,3])])
r = T.tensor([np.float32(1),2])
r = T.tensor(range(3))
r = T.tensor((1,2.))
r = T.tensor({1:2})
r = T.tensor({1,2})
r = T.tensor(None)
r = T.tensor('a')
r = T.tensor([])
r = T.tensor([[],[]])
r = T.tensor([1,[2]])
r = T.tensor([[1],[2,3]])
r = T.tensor(T.ones(2))
r = T.tensor([1,None])
r = T.tensor([True,2])
r = T.tensor([1,2j])
r = T.tensor(2**63)
r = T.tensor(np.array([1,2],np.float16))
r = T.tensor(np.datetime64('2020'))
r = T.tensor(x for x in [1])
r = T.tensor(1,dtype=T.float64,requires_grad=True)
r = T.tensor([1,2],requires_grad=True)
r = T.ones(2).__array__(np.float64)
r = np.from_dlpack(T.ones(2))
r = T.from_dlpack(np.ones(2))
r = T.utils.dlpack.from_dlpack(T.utils.dlpack.to_dlpack(T.ones(2)))
r = T.from_dlpack(T.ones(2).__dlpack__())
r = T.ones(2,requires_grad=True).__dlpack__()
x=T.zeros(2); np.from_dlpack(x); T.from_dlpack(x)[0]=5; r=x
r = T.from_dlpack(T.tensor([True,False]))
r = np.from_dlpack(T.ones(2,3).t()).strides
"""

COPIES = r"""
import copy; r=copy.copy(T.ones(2,requires_grad=True)).requires_grad
import copy; x=T.zeros(2); copy.copy(x)[0]=5; r=x
import copy; x=T.zeros(2); copy.deepcopy(x)[0]=5; r=x
import copy; x=T.ones(2,requires_grad=True)*2; r=copy.deepcopy(x)
import copy; x=T.ones(2,requires_grad=True); x.grad=T.ones(2); r=copy.deepcopy(x).grad
import copy; x=T.ones(2,requires_grad=True); m=copy.deepcopy([x,x]); r=m[0] is m[1]
import copy; x=T.ones(3,2); y=x[0]; m=copy.deepcopy([x,y]); m[0][0,0]=9; r=m[1]
import copy; r=copy.deepcopy(T.ones(2,3).t()).stride()
import copy; x=T.ones(2); x.foo=3; r=copy.deepcopy(x).foo
import copy; x=T.ones(2); x.foo=3; r=copy.copy(x).foo
import copy; p=T.nn.Parameter(T.ones(2)); q=copy.deepcopy(p); r=type(q).__name__,q.requires_grad,q is p
import pickle; r=pickle.loads(pickle.dumps(T.ones(2,requires_grad=True))).requires_grad
import pickle; r=pickle.loads(pickle.dumps(T.ones(2,3).t())).stride()
import pickle; x=T.ones(2,requires_grad=True); x.grad=T.ones(2); r=pickle.loads(pickle.dumps(x)).grad
import pickle; x=T.ones(2,requires_grad=True)*2; r=pickle.loads(pickle.dumps(x))
import pickle; x=T.ones(3,2); y=x[0]; m=pickle.loads(pickle.dumps([x,y])); m[0][0,0]=9; r=m[1]
import pickle; x=T.ones(2); m=pickle.loads(pickle.dumps([x,x])); r=m[0] is m[1]
import pickle; r=type(pickle.loads(pickle.dumps(T.nn.Parameter(T.ones(2))))).__name__
import pickle; r=pickle.loads(pickle.dumps(T.float32)) is T.float32, pickle.loads(pickle.dumps(T.Size([1]))), pickle.loads(pickle.dumps(T.device('cpu')))
import io; b=io.BytesIO(); T.save({'a':T.ones(2),'b':[1]},b); b.seek(0); r=T.load(b)
import io; b=io.BytesIO(); T.save(T.ones(2,requires_grad=True),b); b.seek(0); r=T.load(b,weights_only=True).requires_grad
import io; m=T.nn.Linear(2,1); b=io.BytesIO(); T.save(m.state_dict(),b); b.seek(0); n=T.nn.Linear(2,1); r=str(n.load_state_dict(T.load(b)))
import io; b=io.BytesIO(); x=T.ones(3,2); T.save([x,x[0]],b); b.seek(0); m=T.load(b); m[0][0,0]=9; r=m[1]
"""  # noqa: E501  a program is one line

SUBCLASSES = r"""
class M(T.Tensor): pass\nx=T.ones(2).as_subclass(M); r=type(x).__name__, type(x+1).__name__, type(x.sum()).__name__, type(x[0]).__name__, type(T.sin(x)).__name__, type(2*x).__name__,type(x.shape).__name__
class M(T.Tensor): pass\nr=type(M([1,2])).__name__, M([1.,2])
class M(T.Tensor): pass\nx=M([1.,2]); r=x*2
class M(T.Tensor): pass\nx=M([1.,2]); r=T.stack([x,x])
class M(T.Tensor): pass\nx=M([1.,2]); x+=1; r=x
class M(T.Tensor):\n  @classmethod\n  def __torch_function__(cls,func,types,args=(),kwargs=None):\n    log.append(getattr(func,'__name__',str(func)))\n    return super().__torch_function__(func,types,args,kwargs or {})\nlog=[]; x=M([1.,2]); y=x*2+T.ones(2); z=T.exp(y).sum(); x[0]; x[0]=1.; x.mul_(2); r=log
class M(T.Tensor):\n  @staticmethod\n  def __new__(cls,x,extra): return super().__new__(cls,x)\n  def __init__(self,x,extra): self.extra=extra\nx=M([1.,2],'e'); r=x.extra, x*2
class M(T.Tensor): pass\nx=M([1.,2]).requires_grad_(); (x*2).sum().backward(); r=type(x.grad).__name__
class L:\n  @classmethod\n  def __torch_function__(cls,func,types,args=(),kwargs=None): return ('called',func.__name__)\nr=T.add(L(),1), T.sin(L()), T.ones(2)+L()
"""  # noqa: E501  a program is one line


@pytest.fixture(scope="module", autouse=True)
def classes_are_gone() -> Iterator[None]:
    """Calls are looked at as long as there is a subclass: none is left for the tests that follow."""
    yield
    gc.collect()
    assert not _lookouts


def lines(table: str) -> list[str]:
    """The programs of a table, one per line; ``\\n`` stands for a new line."""
    return [line.replace("\\n", "\n") for line in table.strip().splitlines()]


def outcome(T: ModuleType, program: str) -> str:
    """What a program leaves in ``r``, as text, with dtype, shape and strides; or its error."""
    names: dict[str, Any] = {"T": T, "np": np}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(program, names)
        except Exception as error:
            return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        r = names.get("r")
    strides = r.stride() if hasattr(r, "stride") else getattr(r, "strides", "")
    return f"{type(r).__name__} {strides} {r!r}"


@pytest.mark.parametrize("program", lines(ATTRIBUTES))
def test_attributes(torch: ModuleType, program: str) -> None:
    """What a tensor says of itself, and what Python's functions make of it."""
    assert outcome(engine, program) == outcome(torch, program)


@pytest.mark.parametrize("program", lines(NUMPY))
def test_numpy(torch: ModuleType, program: str) -> None:
    """NumPy's arrays, buffers and DLPack, in and out, on either side of an operator."""
    assert outcome(engine, program) == outcome(torch, program)


@pytest.mark.parametrize("program", lines(COPIES))
def test_copies(torch: ModuleType, program: str) -> None:
    """copy, deepcopy, pickle, save and load: values, gradients, attributes, and what stays shared."""
    assert outcome(engine, program) == outcome(torch, program)


@pytest.mark.parametrize("program", lines(SUBCLASSES))
def test_subclasses(torch: ModuleType, program: str) -> None:
    """Results keep a subclass, and its ``__torch_function__`` sees each call."""
    assert outcome(engine, program) == outcome(torch, program)


def test_dlpack_with_torch(torch: ModuleType) -> None:
    """Memory goes both ways between the engine and PyTorch itself, and is shared."""
    ours = engine.zeros(2, 3)
    theirs = torch.from_dlpack(ours)
    theirs[0, 1] = 5
    assert ours[0, 1].item() == 5
    back = engine.from_dlpack(torch.arange(6.0).reshape(2, 3).t())
    assert back.stride() == (1, 3)
    assert back.tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
    source = torch.zeros(3)
    engine.utils.dlpack.from_dlpack(torch.utils.dlpack.to_dlpack(source))[1] = 7
    assert source.tolist() == [0.0, 7.0, 0.0]


def test_files(tmp_path: Path, torch: ModuleType) -> None:
    """A path works like a file; PyTorch's own files and foreign objects are refused in clear words."""
    path = tmp_path / "state.pt"
    engine.save({"w": engine.arange(3), "n": 3}, path)
    assert engine.load(str(path))["w"].tolist() == [0, 1, 2]
    torch.save(torch.ones(2), path)
    with pytest.raises(RuntimeError, match=r"written by PyTorch"):
        engine.load(path)
    buffer = io.BytesIO()
    engine.save({"p": Path("a")}, buffer)
    buffer.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        engine.load(buffer)
    buffer.seek(0)
    assert engine.load(buffer, weights_only=False) == {"p": Path("a")}


def test_read_only_memory_is_copied() -> None:
    """Memory that is not to be written is not written: the tensor has a copy, after PyTorch's warning."""
    array = np.arange(3.0)
    array.flags.writeable = False
    with pytest.warns(UserWarning, match="The given NumPy array is not writable"):
        t = engine.from_numpy(array)
    t[0] = 9
    assert array[0] == 0


def test_hash_is_identity() -> None:
    """Tensors are keys by identity."""
    x = engine.ones(2)
    assert hash(x) == id(x)
