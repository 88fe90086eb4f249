"""The digest of the package's kernels, by which a cache tells their versions apart."""

import contextlib
import hashlib
import importlib.util
import pkgutil
import sys
import types

from .._version import __version__


def package_digest(package=__package__):
    """A short digest of all modules of a package and of the version; None where one is unreadable.

    Numba's cache key sees a kernel's own bytecode, but neither the helpers it calls in other files
    nor its compile options. The digest stands in for both: an upgrade never meets a stale cache.
    What is read is whatever Python itself imports: sources, bytecode, a member of an archive, or
    the code objects of a frozen application.
    """
    digest = hashlib.sha256(__version__.encode())
    try:
        names = sorted(
            module.name for module in pkgutil.iter_modules(sys.modules[package].__path__)
        )
        for name in names:
            digest.update(name.encode())
            digest.update(_content(importlib.util.find_spec(f"{package}.{name}")))
    except Exception:  # whatever an importer raises, it lets nobody read
        return None
    return digest.hexdigest()[:12] if names else None


def _content(spec):
    """The bytes a module is made from, or a description of its code where there are none."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        return spec.loader.get_data(spec.origin)
    code = spec.loader.get_code(spec.name)
    if code is None:
        raise ImportError(f"{spec.name} has no code")
    return describe(code).encode()


def describe(constant):
    """Text that describes a code object or a constant of one, and is equal in all processes.

    Marshalled code is not: it tells which strings are shared or interned at the moment.
    """
    if isinstance(constant, types.CodeType):
        code = constant
        names = (code.co_names, code.co_varnames, code.co_cellvars, code.co_freevars)
        counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
        parts = (code.co_name, code.co_code, code.co_exceptiontable, names, counts)
        return f"code({parts!r}, {describe(code.co_consts)})"
    if isinstance(constant, tuple):
        return f"({', '.join(map(describe, constant))})"
    if isinstance(constant, frozenset):
        return f"{{{', '.join(sorted(map(describe, constant)))}}}"
    return repr(constant)


DIGEST = package_digest()  # when imported: of the code that runs, should its files change meanwhile
