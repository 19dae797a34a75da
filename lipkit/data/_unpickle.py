"""Read a pickled dict of arrays without running anything that a pickle can ask for."""

import math
import pickle
from collections.abc import Callable
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

_KINDS = ("u1", "i1", "u2", "i2", "i4", "i8")


class Refused(ValueError):
    """What a file holds that the format does not."""


class Content:
    """An array as it stands in a pickle: the bytes, and how to read them. No NumPy is called."""

    def __init__(self) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def array(self) -> NDArray[np.int64]:
        """The numbers, once shape, type and bytes are known to fit each other."""
        try:
            _, shape, dtype, by_column, data = self.state
            kind, order = dtype.read()
            whole = all(type(n) is int and n >= 0 for n in shape)
            fits = whole and len(data) == math.prod(shape) * int(kind[1])
        except (AttributeError, TypeError, ValueError) as error:
            raise Refused("an array that is not whole") from error
        if not isinstance(data, bytes | bytearray) or by_column or not fits:
            raise Refused("an array whose shape does not fit its bytes")
        return np.frombuffer(data, np.dtype(order + kind)).reshape(shape)


class Kind:
    """The type of an array as it stands in a pickle."""

    def __init__(self, code: Any) -> None:
        self.code = code
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def read(self) -> tuple[str, str]:
        """The code of an integer type, and the order of its bytes."""
        code, order = _text(self.code), _text(self.state[1]) if self.state else "|"
        if code not in _KINDS or order not in ("|", "<", ">"):
            raise ValueError(code)
        return code, order


class _Reader(pickle.Unpickler):
    """Knows five names, each of them replaced by a function of this module, made anew here.

    They are what NumPy's arrays are pickled with, by Python 2 and since. Any other name ends the
    reading, so nothing is imported and nothing is called.
    """

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, encoding="bytes")
        old, new = "numpy.core", "numpy._core"
        self._known: dict[tuple[str, str], Callable[..., Any]] = {
            ("numpy", "ndarray"): lambda: None,  # only a mark in the arguments of the next
            **{(f"{core}.multiarray", "_reconstruct"): _begun for core in (old, new)},
            ("numpy", "dtype"): lambda code, *_: Kind(code),
            **{(f"{core}.numeric", "_frombuffer"): _from_buffer for core in (old, new)},
            ("_codecs", "encode"): _encoded,
        }

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for one of the five; anything else is refused."""
        known = self._known.get((module, name))
        if known is None:
            raise Refused(f"a pickle that asks for {module}.{name}, which was not run")
        return lambda *args: known(*args)


def _begun(*_: Any) -> Content:
    return Content()


def _from_buffer(data: Any, kind: Any, shape: Any, order: Any) -> Content:
    content = Content()
    content.state = (1, shape, kind, order != "C", data)
    return content


def _encoded(text: Any, encoding: Any) -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        raise Refused("a pickle with text in an unknown encoding")
    return text.encode("latin1")


def _text(value: Any) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else str(value)


def read_dict(file: IO[bytes]) -> dict[str, Any]:
    """The dict in a pickle, with text for keys; arrays are :class:`Content`.

    Raises :class:`Refused` for anything that is not made of numbers, text, lists, dicts and arrays.
    """
    try:
        found = _Reader(file).load()
    except Refused:
        raise
    except Exception as error:  # a broken pickle fails in any way
        raise Refused("a file that is not a whole pickle") from error
    if not isinstance(found, dict):
        raise Refused(f"a pickled {type(found).__name__} instead of a dict")
    return {_text(key): value for key, value in found.items()}
