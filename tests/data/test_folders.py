"""CIFAR-10 and MNIST from small files in their real formats, broken ones, malicious pickles."""

import gzip
import os
import pickle
import pickletools
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lipkit.data import Points, Split, cifar10, mnist

BATCHES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]


def numbers(n: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Pixels ``(n, 3072)`` that hold every grey value, and labels."""
    draws = np.random.default_rng(seed)
    pixels = draws.integers(0, 256, size=(n, 3072), dtype=np.uint8)
    pixels[0, :256] = np.arange(256)
    return pixels, draws.integers(0, 10, n, dtype=np.uint8)


def python_2(pixels: NDArray[np.uint8], labels: NDArray[np.uint8]) -> bytes:
    """What Python 2's cPickle wrote, protocol 2: the opcodes of the real files."""

    def short(text: bytes) -> bytes:
        return b"U" + bytes([len(text)]) + text

    def count(n: int) -> bytes:
        return b"K" + bytes([n]) if n < 256 else b"M" + struct.pack("<H", n)

    raw = pixels.tobytes()
    names = [short(b"image_%d.png" % i) for i in range(len(labels))]
    return b"".join(
        [
            b"\x80\x02}q\x01(",
            short(b"batch_label") + b"q\x02" + short(b"training batch 1 of 5") + b"q\x03",
            short(b"labels") + b"q\x04]q\x05(" + b"".join(map(count, labels.tolist())) + b"e",
            short(b"data") + b"q\x06",
            b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08",
            b"K\x00\x85" + short(b"b") + b"\x87Rq\x09(K\x01",
            count(len(labels)) + count(3072) + b"\x86",
            b"cnumpy\ndtype\nq\x0a" + short(b"u1") + b"K\x00K\x01\x87Rq\x0b(K\x03",
            short(b"|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89",
            b"T" + struct.pack("<i", len(raw)) + raw + b"tb",
            short(b"filenames") + b"q\x0c]q\x0d(" + b"".join(names) + b"e",
            b"u.",
        ]
    )


def python_3(protocol: int, **others: Any) -> Callable[..., bytes]:
    def write(pixels: NDArray[np.uint8], labels: NDArray[np.uint8]) -> bytes:
        batch = {b"data": pixels, b"labels": labels.tolist(), b"batch_label": b"x", **others}
        return pickle.dumps(batch, protocol=protocol)

    return write


def binary(pixels: NDArray[np.uint8], labels: NDArray[np.uint8]) -> bytes:
    return np.column_stack([labels, pixels]).astype(np.uint8).tobytes()


BLACK = np.zeros((1, 3072), np.uint8)
FORMATS: dict[str, tuple[Callable[..., bytes], str]] = {
    "Python 2": (python_2, ""),
    **{f"Python 3, protocol {i}": (python_3(i), "") for i in (2, 3, 4, 5)},
    "binary": (binary, ".bin"),
}


def write_cifar(folder: Path, write: Callable[..., bytes] = python_2, suffix: str = "") -> Split:
    """Six files of a few images each, and what is in them."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [numbers(3 + i, seed=i) for i in range(6)]
    for name, part in zip(BATCHES, parts, strict=True):
        (folder / f"{name}{suffix}").write_bytes(write(*part))
    pixels = [(p / 255).astype(np.float32).reshape(-1, 3, 32, 32) for p, _ in parts]
    labels = [y.astype(np.int64) for _, y in parts]
    train = Points(np.concatenate(pixels[:5]), np.concatenate(labels[:5]))
    return Split(train, Points(pixels[5], labels[5]))


def equal(found: Split, true: Split) -> None:
    for ours, theirs in zip(found, true, strict=True):
        assert (ours.X.dtype, ours.y.dtype) == (np.float32, np.int64)
        np.testing.assert_array_equal(ours.X, theirs.X)
        np.testing.assert_array_equal(ours.y, theirs.y)
        assert ours.X.flags.writeable
        assert ours.y.flags.writeable


class TestCifar:
    @pytest.mark.filterwarnings("ignore:numpy.core:DeprecationWarning")
    def test_our_python_2_is_python_2(self) -> None:
        """The pickle that the tests write by hand loads with the real unpickler."""
        pixels, labels = numbers(300, seed=0)
        content = python_2(pixels, labels)
        used = {opcode.name for opcode, _, _ in pickletools.genops(content)}
        assert {"SHORT_BINSTRING", "BINSTRING", "GLOBAL", "REDUCE", "BUILD"} <= used
        loaded = pickle.loads(content, encoding="bytes")
        np.testing.assert_array_equal(loaded[b"data"], pixels)
        assert loaded[b"labels"] == labels.tolist()

    @pytest.mark.parametrize(("write", "suffix"), FORMATS.values(), ids=FORMATS)
    @pytest.mark.parametrize("inside", [True, False], ids=["the archive's folder", "its parent"])
    def test_every_format(self, tmp_path: Path, write: Any, suffix: str, inside: bool) -> None:
        name = "cifar-10-batches-bin" if suffix else "cifar-10-batches-py"
        true = write_cifar(tmp_path / name, write, suffix)
        equal(cifar10(str(tmp_path / name) if inside else tmp_path), true)

    def test_colours_rows_and_columns(self, tmp_path: Path) -> None:
        """The bytes are a plane of red, one of green and one of blue, row by row."""
        write_cifar(tmp_path)
        pixels = np.zeros((1, 3072), dtype=np.uint8)
        pixels[0, 1024 + 2 * 32 + 5] = 51  # green, row 2, column 5
        (tmp_path / "test_batch").write_bytes(python_2(pixels, np.array([7], np.uint8)))
        X, y = cifar10(tmp_path).test
        assert np.argwhere(X).tolist() == [[0, 1, 2, 5]]
        assert X.max() == np.float32(0.2)
        assert y.tolist() == [7]

    def test_labels_as_an_array_and_keys_as_text(self, tmp_path: Path) -> None:
        true = write_cifar(
            tmp_path, lambda X, y: pickle.dumps({"data": X, "labels": y.astype(np.int64)})
        )
        equal(cifar10(tmp_path), true)

    def test_nothing_there(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="expected data_batch_1 to data_batch_5 and"):
            cifar10(tmp_path)
        with pytest.raises(FileNotFoundError, match="where there is no folder"):
            cifar10(tmp_path / "nowhere")
        with pytest.raises(TypeError, match="folder: got int, expected a path"):
            cifar10(3)  # type: ignore[arg-type]

    @pytest.mark.parametrize("suffix", ["", ".bin"])
    def test_a_file_is_missing(self, tmp_path: Path, suffix: str) -> None:
        write_cifar(tmp_path, python_2 if not suffix else binary, suffix)
        (tmp_path / f"data_batch_3{suffix}").unlink()
        with pytest.raises(FileNotFoundError, match=rf"without data_batch_3{suffix}; expected all"):
            cifar10(tmp_path)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "not a whole pickle"),
            (b"<html>404</html>", "not a whole pickle"),
            (python_2(*numbers(3, 0))[:-3000], "not a whole pickle"),
            (pickle.dumps([1, 2]), "a pickled list instead of a dict"),
            (
                pickle.dumps({b"data": BLACK}),
                "a dict with data and no 'lab",
            ),
            (pickle.dumps({b"data": [[0] * 3072], b"labels": [1]}), "'data' that is no list of wh"),
            (pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), b"labels": [1]}), r"\(2, 3072"),
            (pickle.dumps({b"data": np.zeros((1, 3071), np.uint8), b"labels": [1]}), r"\(1, 3071"),
            (pickle.dumps({b"data": np.zeros((1, 3072), np.int64), b"labels": [1]}), "int64"),
            (pickle.dumps({b"data": BLACK, b"labels": [10]}), "labels 10 "),
            (pickle.dumps({b"data": BLACK, b"labels": [-1]}), "labels -1 "),
            (
                pickle.dumps({b"data": BLACK, b"labels": ["a"]}),
                "'labels' t",
            ),
            (
                pickle.dumps({b"data": np.zeros((1, 3072)), b"labels": [1]}),
                "array that is not whol",
            ),
            (pickle.dumps({b"data": np.array([None]), b"labels": [1]}), "array that is not whole"),
            (
                pickle.dumps({b"data": np.asfortranarray(numbers(3, 0)[0]), b"labels": [1, 2, 3]}),
                "whose shape does not fit its bytes",
            ),
            # CIFAR-100's labels have another name
            (
                pickle.dumps({b"data": numbers(1, 0)[0], b"fine_labels": [1]}),
                "a dict with data, fine_labels and no 'labels'",
            ),
        ],
    )
    def test_a_broken_file(self, tmp_path: Path, content: bytes, message: str) -> None:
        write_cifar(tmp_path)
        (tmp_path / "data_batch_2").write_bytes(content)
        with pytest.raises(ValueError, match=rf"data_batch_2: got .*{message}"):
            cifar10(tmp_path)

    def test_a_shape_that_lies(self, tmp_path: Path) -> None:
        write_cifar(tmp_path)
        content = python_2(*numbers(3, 0)).replace(b"K\x03M\x00\x0c\x86", b"K\x04M\x00\x0c\x86")
        (tmp_path / "data_batch_2").write_bytes(content)
        with pytest.raises(ValueError, match="shape does not fit its bytes"):
            cifar10(tmp_path)

    def test_a_broken_binary(self, tmp_path: Path) -> None:
        write_cifar(tmp_path, binary, ".bin")
        path = tmp_path / "data_batch_2.bin"
        whole = path.read_bytes()
        for content, message in (
            (whole[:-1], "got 12291 bytes.*expected a multiple of 3073"),
            (b"", "got 0 bytes"),
            (b"\x0b" + whole[1:], "got labels .* to 11"),
        ):
            path.write_bytes(content)
            with pytest.raises(ValueError, match=rf"data_batch_2\.bin: {message}"):
                cifar10(tmp_path)


class Runs:
    """Pickles as a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


ATTACKS = {
    "os.system": lambda mark: pickle.dumps(Runs(os.system, f"touch {mark}")),
    "in a batch": lambda mark: pickle.dumps(
        {b"data": Runs(os.system, f"touch {mark}"), b"labels": [1]}
    ),
    "eval": lambda mark: pickle.dumps(Runs(eval, f"open({str(mark)!r}, 'w')")),
    "open": lambda mark: pickle.dumps(Runs(open, str(mark), "w")),
    "old opcode": lambda mark: b"cposix\nsystem\n(S'touch %s'\ntR." % os.fsencode(mark),
    "instance": lambda mark: b"(S'touch %s'\niposix\nsystem\n." % os.fsencode(mark),
    "numpy.save": lambda mark: pickle.dumps(Runs(np.save, f"{mark}", 1)),
    "numpy.fromfile": lambda mark: pickle.dumps(Runs(np.load, f"{mark}")),
    "dotted": lambda mark: b"\x80\x04\x8c\x05numpy\x8c\x17ndarray.tofile.__self__\x93.",
    "a part of numpy": lambda mark: b"cnumpy\nos.system\n(S'touch %s'\ntR." % os.fsencode(mark),
    "codecs": lambda mark: b"c_codecs\nopen\n(S'%s'\nS'w'\ntR." % os.fsencode(mark),
}


class TestPicklesAreNotRun:
    @pytest.mark.parametrize("make", ATTACKS.values(), ids=ATTACKS)
    @pytest.mark.parametrize("batch", ["data_batch_1", "test_batch"])
    def test_refused_and_not_run(self, tmp_path: Path, make: Any, batch: str) -> None:
        mark = tmp_path / "was_here"
        folder = tmp_path / "data"
        write_cifar(folder)
        (folder / batch).write_bytes(make(mark))
        with pytest.raises(ValueError, match=rf"{batch}: got a pickle that asks for .*was not run"):
            cifar10(folder)
        assert not [path for path in tmp_path.iterdir() if path != folder]

    def test_the_plain_unpickler_would_have_run_it(self, tmp_path: Path) -> None:
        mark = tmp_path / "was_here"
        pickle.loads(ATTACKS["os.system"](mark))
        assert mark.exists()

    @pytest.mark.parametrize("known", ["numpy\nndarray", "numpy\ndtype", "_codecs\nencode"])
    def test_a_known_name_cannot_be_turned_into_another(self, tmp_path: Path, known: str) -> None:
        """Attributes set on what a name stands for do not outlive the reading."""
        write_cifar(tmp_path)
        poison = b"c" + known.encode() + b"\nN}S'__call__'\nS'x'\ns\x86b."
        (tmp_path / "data_batch_1").write_bytes(poison)
        with pytest.raises(ValueError, match="data_batch_1: got"):
            cifar10(tmp_path)
        true = write_cifar(tmp_path)
        equal(cifar10(tmp_path), true)


# -- MNIST -----------------------------------------------------------------------------------------
NAMES = [f"{side}-{what}" for side in ("train", "t10k") for what in ("images", "labels")]


def idx(array: NDArray[np.uint8]) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.tobytes()


def write_mnist(folder: Path, packed: bool = False, dotted: bool = False) -> Split:
    folder.mkdir(parents=True, exist_ok=True)
    draws = np.random.default_rng(0)
    sides = []
    for side, n in (("train", 7), ("t10k", 4)):
        images = draws.integers(0, 256, size=(n, 28, 28), dtype=np.uint8)
        labels = draws.integers(0, 10, n, dtype=np.uint8)
        for what, array in (("images", images), ("labels", labels)):
            joint = "." if dotted else "-"
            name = f"{side}-{what}{joint}idx{array.ndim}-ubyte"
            content = idx(array)
            if packed:
                name, content = f"{name}.gz", gzip.compress(content)
            (folder / name).write_bytes(content)
        X = (images[:, None] / 255).astype(np.float32)
        sides.append(Points(X, labels.astype(np.int64)))
    return Split(*sides)


class TestMnist:
    @pytest.mark.parametrize(
        "how", [{}, {"packed": True}, {"dotted": True}], ids=["plain", "gz", "dotted"]
    )
    @pytest.mark.parametrize("place", ["", "MNIST/raw"])
    def test_every_form(self, tmp_path: Path, how: Any, place: str) -> None:
        true = write_mnist(tmp_path / place, **how)
        equal(mnist(tmp_path), true)
        assert true.train.X.shape == (7, 1, 28, 28)

    def test_some_packed(self, tmp_path: Path) -> None:
        true = write_mnist(tmp_path, packed=True)
        packed = tmp_path / "train-images-idx3-ubyte.gz"
        (tmp_path / "train-images-idx3-ubyte").write_bytes(gzip.decompress(packed.read_bytes()))
        packed.unlink()
        equal(mnist(tmp_path), true)

    def test_nothing_there(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="expected train-images-idx3-ubyte"):
            mnist(tmp_path)
        with pytest.raises(FileNotFoundError, match="where there is no folder"):
            mnist(tmp_path / "nowhere")

    def test_a_file_is_missing(self, tmp_path: Path) -> None:
        write_mnist(tmp_path)
        (tmp_path / "t10k-labels-idx1-ubyte").unlink()
        with pytest.raises(FileNotFoundError, match="without t10k-labels-idx1-ubyte"):
            mnist(tmp_path)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda b: b"", "the first bytes , not 00 00 08 03"),
            (lambda b: b"<html>404</html> not here", "the first bytes 3c 68 74 6d"),
            (lambda b: b[:3] + b"\x01" + b[4:], "the first bytes 00 00 08 01, not 00 00 08 03"),
            (lambda b: b[:2] + b"\x0d" + b[3:], "the first bytes 00 00 0d 03"),
            (lambda b: b[:-1], "5487 bytes after the head, not 5488"),
            (lambda b: b + b"\x00", "more bytes after the head, not 5488"),
            (lambda b: b[:4] + b"\xff" * 12 + b[16:], r"the shape \(4294967295"),
            (lambda b: b[:4] + b"\x00" * 4 + b[8:], r"the shape \(0, 28, 28\)"),
            (lambda b: b[:10], "the first bytes 00 00 08 03"),
        ],
    )
    @pytest.mark.parametrize("packed", [False, True])
    def test_a_broken_file(self, tmp_path: Path, change: Any, message: str, packed: bool) -> None:
        write_mnist(tmp_path, packed)
        path = tmp_path / f"train-images-idx3-ubyte{'.gz' if packed else ''}"
        if packed:
            path.write_bytes(gzip.compress(change(gzip.decompress(path.read_bytes()))))
        else:
            path.write_bytes(change(path.read_bytes()))
        with pytest.raises(ValueError, match=rf"train-images-idx3-ubyte\S*: got {message}"):
            mnist(tmp_path)

    @pytest.mark.parametrize("change", [lambda b: b[:-9], lambda b: b"no gzip", lambda b: b[:40]])
    def test_a_broken_package(self, tmp_path: Path, change: Any) -> None:
        write_mnist(tmp_path, packed=True)
        path = tmp_path / "train-images-idx3-ubyte.gz"
        path.write_bytes(change(path.read_bytes()))
        with pytest.raises(ValueError, match=r"a \.gz that cannot be unpacked"):
            mnist(tmp_path)

    def test_a_package_that_unpacks_to_more_is_not_read_to_its_end(self, tmp_path: Path) -> None:
        write_mnist(tmp_path, packed=True)
        path = tmp_path / "t10k-labels-idx1-ubyte.gz"
        path.write_bytes(gzip.compress(idx(np.zeros(4, np.uint8)) + bytes(10**8)))
        with pytest.raises(ValueError, match="more bytes after the head, not 4"):
            mnist(tmp_path)

    def test_labels_that_do_not_fit(self, tmp_path: Path) -> None:
        write_mnist(tmp_path)
        path = tmp_path / "train-labels-idx1-ubyte"
        path.write_bytes(idx(np.full(7, 10, np.uint8)))
        with pytest.raises(ValueError, match=r"got labels 10 to 10 .*expected 0 to 9"):
            mnist(tmp_path)
        path.write_bytes(idx(np.zeros(6, np.uint8)))
        with pytest.raises(ValueError, match=r"got 7 images .* and 6 labels"):
            mnist(tmp_path)

    def test_files_swapped(self, tmp_path: Path) -> None:
        write_mnist(tmp_path)
        a, b = (tmp_path / f"train-{what}-ubyte" for what in ("images-idx3", "labels-idx1"))
        images, labels = a.read_bytes(), b.read_bytes()
        a.write_bytes(labels)
        b.write_bytes(images)
        with pytest.raises(ValueError, match="the first bytes 00 00 08 01, not 00 00 08 03"):
            mnist(tmp_path)
