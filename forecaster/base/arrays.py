"""Named arrays ↔ the bytes of an .npz file, read without trust.

The directory of the archive and the header of each array are read first, and say how much there is: members are
stored, not compressed, so no array is larger than its bytes in the file. A header is matched, never evaluated, and
object arrays, which would be pickles, have no form here. The same arrays always give the same bytes.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from forecaster.base.errors import ModelError

Arrays = dict[str, NDArray[Any]]

_NAME = re.compile(r"([A-Za-z0-9_/-]{1,100})\.npy")
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(..)\{'descr': '([<|][fiub]\d)', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,9}, ?)*\d{0,9})\), \} *\n",
    re.DOTALL,
)
_LONGEST_HEADER = 1024
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class Form:
    """What an array looks like: its type, such as `<f4`, and its shape."""

    dtype: str
    shape: tuple[int, ...]

    @classmethod
    def of(cls, array: NDArray[Any]) -> Form:
        """Return what an array looks like."""
        return cls(array.dtype.str, array.shape)


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the bytes of an .npz file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy", _LONG_AGO), "w", force_zip64=True) as member:
                npy.write_array(member, np.ascontiguousarray(array).reshape(array.shape), (1, 0), allow_pickle=False)
    return buffer.getvalue()


def read_forms(data: bytes, where: object) -> dict[str, Form]:
    """Return what each array of an .npz file looks like, by its name; no array is read.

    Raises:
        ModelError: It is no such file, or one that could hold more than its own size.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            names = _names_of(members, len(data))
            return {name: _read_form(archive, member)[0] for name, member in zip(names, members, strict=True)}
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError) as error:
        raise ModelError(f"{where}: not an archive of arrays") from error


def unpack(data: bytes, where: object, expected: Mapping[str, Form]) -> Arrays:
    """Return the arrays of an .npz file, which are exactly those expected, and finite.

    Args:
        data: The file.
        where: What to call it in a message.
        expected: Name → what the array looks like; compared before anything is read.

    Raises:
        ModelError: It is no such file, has other arrays than expected, or values that are not finite.
    """
    forms = read_forms(data, where)
    if forms != expected:
        raise ModelError(f"{where}: {_first_difference(forms, expected)}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            arrays = {name: _read_array(archive, archive.getinfo(f"{name}.npy")) for name in expected}
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise ModelError(f"{where}: damaged: {error}") from error
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ModelError(f"{where}: array {name} holds values that are not finite")
    return arrays


def _names_of(members: Sequence[zipfile.ZipInfo], size: int) -> list[str]:
    """Check what the directory promises, and return the arrays' names."""
    names = [match[1] for member in members if (match := _NAME.fullmatch(member.filename))]
    plain = all(m.compress_type == zipfile.ZIP_STORED and not m.flag_bits & _ENCRYPTED for m in members)
    if not plain or len(set(names)) != len(members) or sum(m.file_size for m in members) > size:
        raise ValueError("a member that no archive of ours has")
    return names


def _read_form(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[Form, int]:
    """Return what a member looks like, and where its data begins."""
    with archive.open(member) as stream:
        header = _HEADER.match(stream.read(_LONGEST_HEADER))
    if header is None or int.from_bytes(header[1], "little") != header.end() - 10:
        raise ValueError("a header that no array of ours has")
    form = Form(header[2].decode(), tuple(int(n) for n in header[3].split(b",") if n.strip()))
    size = int(np.prod(form.shape, dtype=object)) * int(form.dtype[2:])
    if header.end() + size != member.file_size:
        raise ValueError("a member of another length than its array")
    return form, header.end()


def _read_array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    form, begin = _read_form(archive, member)
    return np.frombuffer(archive.read(member), form.dtype, offset=begin).reshape(form.shape)


def _first_difference(found: Mapping[str, Form], expected: Mapping[str, Form]) -> str:
    if odd := sorted(found.keys() ^ expected.keys()):
        return f"{'unexpected' if odd[0] in found else 'missing'} array {odd[0]}"
    name = next(name for name in expected if found[name] != expected[name])
    return f"array {name} is {_in_words(found[name])}, expected {_in_words(expected[name])}"


def _in_words(form: Form) -> str:
    return f"{form.dtype} of shape {form.shape}"
