"""The file of an archive: arrays of numbers in a `.npz`, read without any code of NumPy's pickles.

A member is what `numpy.save` writes of an array; one of them, the header, holds text as bytes. All
are stored without compression, so that no file grows in memory, and types are those of a short
list. Whatever else a file holds is refused before an array is made of it.
"""

import io
import math
import os
import uuid
import zipfile

import numpy as np

_HEADER = "header"
_SUFFIX = ".npy"
_TYPES = {np.dtype(name) for name in ("<f4", "<f8", "<i8", "u1", "?")}


def write_file(path, header, arrays):
    """Write a header, str, and arrays by name; a file that is there is replaced when all is done.

    A failure leaves what was there.
    """
    path = os.fspath(path)
    members = {_HEADER: np.frombuffer(header.encode(), np.uint8), **arrays}
    unfinished = f"{path}.{uuid.uuid4().hex[:8]}.part"
    try:
        with zipfile.ZipFile(unfinished, "x", zipfile.ZIP_STORED) as archive:
            for name, array in members.items():
                with archive.open(name + _SUFFIX, "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, _portable(array), (1, 0), allow_pickle=False)
        os.replace(unfinished, path)
    finally:
        if os.path.exists(unfinished):
            os.remove(unfinished)


def read_file(path):
    """The header, str, and the arrays by name; a ValueError says what is wrong with a file."""
    with open(path, "rb") as file:
        try:
            arrays = _members(file)
            header = arrays.pop(_HEADER)
            if header.dtype != np.uint8 or header.ndim != 1:
                raise ValueError("its header is no text")
            return header.tobytes().decode(), arrays
        except KeyError:
            raise ValueError("it has no header") from None
        except ValueError:
            raise
        except Exception as error:  # whatever zipfile raises of bytes that make no sense
            raise ValueError(f"it is damaged ({error})") from error


def _portable(array):
    """The array with its lowest bytes first, as every machine reads it."""
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    if array.dtype not in _TYPES:
        raise TypeError(f"no archive holds numbers of type {array.dtype}")
    return array


def _members(file):
    """All arrays of a file by name."""
    size = file.seek(0, os.SEEK_END)
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile:
        raise ValueError("it is no file of save, or was cut short") from None
    with archive:
        infos = archive.infolist()
        if sum(info.file_size for info in infos) > size:
            raise ValueError("its members claim to be larger than the file")
        names = [info.filename for info in infos]
        if len(set(names)) < len(names):
            raise ValueError("it holds members of the same name")
        return {info.filename.removesuffix(_SUFFIX): _member(archive, info) for info in infos}


def _member(archive, info):
    """One array."""
    name = info.filename
    if not name.endswith(_SUFFIX) or info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"its member {name!r} is no array of save")
    text = archive.read(info)
    member = io.BytesIO(text)
    if np.lib.format.read_magic(member) != (1, 0):
        raise ValueError(f"its member {name!r} is no array of save")
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(member)
    if dtype not in _TYPES:
        raise ValueError(f"its member {name!r} holds {dtype}, which is no type of plain numbers")
    start = member.tell()
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(text) - start:
        raise ValueError(f"its member {name!r} claims the shape {shape}, which it does not fill")
    order = "F" if is_fortran else "C"
    array = np.ndarray(shape, dtype, text, start, order=order)
    if dtype.kind == "b" and (array.view(np.uint8) > 1).any():
        raise ValueError(f"its member {name!r} holds truth values that are none")
    return array.astype(dtype.newbyteorder("="), order="K")
