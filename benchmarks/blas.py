"""Which libraries multiply matrices in this process, and with which instructions.

NumPy's OpenBLAS picks kernels by core type; ``OPENBLAS_CORETYPE=SkylakeX`` in the environment picks
them by hand, for example where it does not know a processor and falls back to older instructions.
"""

import importlib.util
import re

from threadpoolctl import threadpool_info

HAS_TORCH = importlib.util.find_spec("torch") is not None


def numpy_blas():
    """The BLAS of NumPy, which scikit-learn's Boltzmann machine uses too: name, version, core."""
    libraries = [entry for entry in threadpool_info() if entry["user_api"] == "blas"]
    libraries.sort(key=lambda entry: "numpy" not in entry["filepath"])
    return _named(libraries[0]) if libraries else "unknown"


def torch_blas():
    """The BLAS of PyTorch, and the instructions of its elementwise kernels."""
    import torch

    vectors = torch.backends.cpu.get_cpu_capability()
    mkl = re.search(r"Math Kernel Library Version (\d+\.\d+)", torch.__config__.show())
    if mkl:
        return f"mkl {mkl[1]}, {vectors}"
    own = [entry for entry in threadpool_info() if entry["user_api"] == "blas"]
    own = [_named(entry) for entry in own if "torch" in entry["filepath"]]
    name = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    return f"{own[0] if own else name[1] if name else 'unknown'}, {vectors}"


def _named(entry):
    words = (entry["internal_api"], entry["version"], entry.get("architecture"))
    return " ".join(word for word in words if word)
