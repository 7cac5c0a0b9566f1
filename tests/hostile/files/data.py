"""Data files of every kind, damaged, or written to take more than they are worth."""

from __future__ import annotations

import gzip
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np

from tests.hostile.files.judging import Case
from tests.hostile.files.values import PLACES, put_places

NETWORK = "network: {{input_shape: {}, layers: [{}], cost: {{kind: cross_entropy}}, dtype: float32}}\n"
TRAINING = "training: {optimizer: {kind: adam}, epochs: 1, batch_size: 8, seed: 0}\n"
DENSE = "{kind: dense, units: 2}"

#: A section of data for each kind of file, the shape of its inputs, and the file that is broken.
KINDS: dict[str, tuple[str, str, str, str]] = {
    "csv": ("[2]", DENSE, "{kind: csv, path: file.csv, targets: [y], one_hot: true}", "file.csv"),
    "tsv": ("[2]", DENSE, "{kind: csv, path: file.tsv, targets: [y], one_hot: true, delimiter: \"\\t\"}", "file.tsv"),
    "csv.gz": ("[2]", DENSE, "{kind: csv, path: file.csv.gz, targets: [y], one_hot: true}", "file.csv.gz"),
    "npz": ("[2]", DENSE, "{kind: npz, path: file.npz, one_hot: true}", "file.npz"),
    "npy": ("[3, 2]", "{kind: flatten}, {kind: dense, units: 2}", "{kind: series, path: file.npy, length: 3}", "file.npy"),
    "idx": ("[6]", DENSE, "{kind: idx, inputs: file.idx, targets: labels.idx}", "file.idx"),
    "idx.gz": ("[6]", DENSE, "{kind: idx, inputs: file.idx.gz, targets: labels.idx}", "file.idx.gz"),
    "text": ("[4]", DENSE, "{kind: text, path: file.txt, length: 4, targets: last}", "file.txt"),
    "series": ("[3, 2]", "{kind: flatten}, {kind: dense, units: 2}", "{kind: series, path: file.csv, columns: [a, b], length: 3}", "file.csv"),
    "images": ("[4, 4, 1]", "{kind: flatten}, {kind: dense, units: 2}", "{kind: images, path: images, mode: grey}", "images/a/0.png"),
    "labels": ("[4, 4, 1]", "{kind: flatten}, {kind: dense, units: 2}", "{kind: images, path: images/a, labels: labels.csv, mode: grey}", "labels.csv"),
}  # fmt: skip


def _archive(packed: bool = True) -> bytes:
    rng = np.random.default_rng(0)
    content = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(content, x=rng.normal(size=(30, 2)), y=np.arange(30) % 2)
    return content.getvalue()


def _bare() -> bytes:
    content = io.BytesIO()
    np.save(content, np.random.default_rng(0).normal(size=(30, 2)))
    return content.getvalue()


def _table(between: str = ",") -> bytes:
    rows = [["a", "b", "y"], *([str(k / 7), str(-k), "no" if k % 2 else "yes"] for k in range(30))]
    return "".join(between.join(row) + "\n" for row in rows).encode()


def _idx(*shape: int) -> bytes:
    size = int(np.prod(shape))
    return bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + bytes(k % 2 for k in range(size))


def _image(kind: str = "PNG") -> bytes:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (4, 4, 3), np.uint8)).save(content, kind)
    return content.getvalue()


def good(kind: str) -> bytes:
    """Return a file of a kind that is fine."""
    made: dict[str, Callable[[], bytes]] = {
        "csv": _table, "series": _table, "tsv": lambda: _table("\t"), "csv.gz": lambda: gzip.compress(_table()),
        "npz": _archive, "npy": _bare, "idx": lambda: _idx(30, 3, 2), "idx.gz": lambda: gzip.compress(_idx(30, 3, 2)),
        "text": lambda: b"abcab, " * 30, "images": _image, "labels": lambda: b"file,label\n0.png,x\n1.png,y\n",
    }  # fmt: skip
    return made[kind]()


def prepare(folder: Path) -> None:
    """Let every kind of file be read once as it should be."""
    folder.mkdir()
    before = Path.cwd()
    for kind in KINDS:
        place = folder / kind
        place.mkdir()
        os.chdir(place)
        write(kind, good(kind), place)
        from bpframe.documents import read_spec
        from bpframe.runs import prepare_experiment

        prepare_experiment(read_spec("spec.yaml"))
    os.chdir(before)


def write(kind: str, content: bytes, folder: Path) -> None:
    """Write a spec and its data into a folder, one file of which is this one."""
    shape, layers, section, name = KINDS[kind]
    (folder / "spec.yaml").write_text(NETWORK.format(shape, layers) + TRAINING + f"data: {section}\n")
    (folder / "labels.idx").write_bytes(_idx(30))
    if kind in ("images", "labels"):
        for label in "ab":
            (folder / "images" / label).mkdir(parents=True)
            for k in range(2):
                (folder / "images" / label / f"{k}.png").write_bytes(_image())
    (folder / name).write_bytes(content)


def case(number: int, folder: Path, prepared: Path) -> Case:
    """Break a file of data; the same number always does the same."""
    random = Random(number)
    kind = list(KINDS)[number % len(KINDS)]
    bombs = {name: make for (of, name), make in BOMBS.items() if of == kind}
    roll = random.random()
    if bombs and roll < 0.4:
        what = random.choice(list(bombs))
        content = bombs[what](random)
    elif roll < 0.5:
        what, content = "another kind", good(random.choice(list(KINDS)))
    elif roll < 0.6:
        what, content = "no file", b""
    else:
        what, content = _damaged(random, good(kind))
    write(kind, content, folder)
    if what == "no file":
        put_places(folder)
        path = folder / KINDS[kind][3]
        path.unlink()
        where = random.choice([each for each in PLACES if each and "\0" not in each and len(each) < 200])
        path.symlink_to((folder / where) if not where.startswith("/") else where)
        what = f"a link to {where}"
    return Case(f"{kind}: {what}", ("train", "spec.yaml", "-o", "out"), "spec.yaml")


def _damaged(random: Random, content: bytes) -> tuple[str, bytes]:
    changed = bytearray(content)
    what = random.choice(("flipped", "flipped", "cut", "longer", "doubled", "spliced", "noise", "steering"))
    if what == "flipped":
        for _ in range(random.choice((1, 1, 4, 40))):
            changed[random.randrange(len(changed))] = random.choice((0, 0x7F, 0xFF, random.randrange(256)))
    elif what == "cut":
        del changed[random.choice((0, 1, 4, 10, len(changed) - 1, random.randrange(len(changed)))) :]
    elif what == "longer":
        changed += random.choice((b"\0", b"x" * 999, bytes(10**6), b"\n" * 10**6))
    elif what == "doubled":
        changed += bytes(changed)
    elif what == "spliced":
        at = random.randrange(len(changed))
        changed[at:at] = changed[random.randrange(len(changed)) :]
    elif what == "noise":
        changed[:] = random.randbytes(random.choice((1, 10, 1000, 10**6)))
    else:
        at = random.randrange(len(changed))
        changed[at:at] = random.choice(
            (b"\x1b[2J", b"\x9b31m", "\u202e".encode(), b"\x07" * 5000, b"\r" * 5000, b"\0" * 5000)
        )
    return what, bytes(changed)


def _npy(descr: str, shape: str, content: bytes = bytes(64), version: int = 1) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode("latin1") + b"\n"
    length = len(header).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + content


HEADERS = (
    ("'<f8'", "(1000000000000, 2)"), ("'<f8'", f"({2**62}, {2**62})"), ("'<f8'", "(0, 99999999999999)"), ("'<f8'", "(-1, 2)"), ("'|O'", "(8,)"),
    ("'<U1000000000'", "(1,)"), ("'|V999999999999'", "(0,)"), ("[('a', '<f8')]", "(8,)"), ("'<f8'", "(" + "1," * 70 + ")"), ("'<f8'", "((((((8,),),),),),)"),
    ("'<f8'", "(" * 5000), ("__import__('os').system('touch ran')", "(8,)"), ("'<f8'", "(8,) * 10**9"), ("'M8[s]'", "(8,)"), ("'<f8'", "(" + "9" * 5000 + ",)"),
    ("'<c16'", "(4,)"), ("('<f8', (1000000000,))", "(1,)"), ("'x'", "(8,)"), ("8", "(8,)"), ("'<f8'", "8"), ("'<f8'", "(True, 8)"), ("'<f8'", "(8.0,)"),
)  # fmt: skip


def _lying_npy(random: Random) -> bytes:
    return _npy(*random.choice(HEADERS), version=random.choice((1, 2)))


def _zipped(content: bytes, packing: int = zipfile.ZIP_DEFLATED, name: str = "x.npy") -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", packing) as file:
        file.writestr(name, content)
        file.writestr("y.npy", content)
    return archive.getvalue()


def _unfolding_archive(size: int) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for name in ("x.npy", "y.npy"):
            with file.open(name, "w") as member:
                member.write(_npy("'|u1'", f"({size},)", b""))
                for _ in range(size // 2**20):
                    member.write(bytes(2**20))
    return archive.getvalue()


def _stated(random: Random) -> bytes:
    """Return an archive whose directory states other sizes than its members have."""
    content = bytearray(_archive(random.random() < 0.5))
    at = content.rfind(b"PK\x01\x02")
    for field in (20, 24, 42, 16):
        if random.random() < 0.5:
            struct.pack_into(
                "<I", content, at + field, random.choice((0, 1, 2**31, 2**32 - 1, random.randrange(2**32)))
            )
    return bytes(content)


def _unfolding(kind: str, shape: tuple[int, int], content: int, packed: bool = True) -> bytes:
    def chunk(name: bytes, inside: bytes) -> bytes:
        return struct.pack(">I", len(inside)) + name + inside + struct.pack(">I", zlib.crc32(name + inside))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *shape, 8, 2, 0, 0, 0))
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(content))) if kind == "text" else b""
    return b"\x89PNG\r\n\x1a\n" + head + text + chunk(b"IDAT", zlib.compress(bytes(content), 9)) + chunk(b"IEND", b"")


def _dilated(size: int) -> bytes:
    """Return the gzip of so many zeros, made of one block again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    check = 0
    for _ in range(size // 2**20):
        check = zlib.crc32(bytes(2**20), check)
    head = b"\x1f\x8b\x08\0\0\0\0\0\2\xff"
    return head + block * (size // 2**20) + b"\3\0" + struct.pack("<II", check, size % 2**32)


Bomb = Callable[[Random], bytes]

BOMBS: dict[tuple[str, str], Bomb] = {
    ("csv", "a line of 20 MB"): lambda random: b"1," * 10**7,
    ("csv", "a cell of 20 MB"): lambda random: b"a,b,y\n1,2," + b"x" * 20_000_000,
    ("csv", "a quoted cell of 20 MB"): lambda random: b'a,b,y\n1,2,"' + b"x\n" * 10**7,
    ("csv", "a million columns"): lambda random: b",".join(b"c%d" % k for k in range(10**6)) + b"\n" + b"1," * 999_999 + b"1\n",
    ("csv", "empty lines"): lambda random: b"a,b,y\n" + b"\n" * 10**7,
    ("csv", "ragged"): lambda random: b"a,b,y\n" + b"1,2,x\n" * 1000 + b"1,2\n" * 1000,
    ("csv", "numbers of thousands of digits"): lambda random: b"a,b,y\n" + (b"9" * 5000 + b",1e9999,x\n") * 100,
    ("csv", "a million classes"): lambda random: b"a,b,y\n" + b"".join(b"1,2,c%d\n" % k for k in range(100_000)),
    ("csv", "quotes"): lambda random: b'"' * 10**6,
    ("csv", "open quotes in lines"): lambda random: b'a,b,y\n' + b'"1,2,x\n' * 10**5,
    ("csv", "zeros"): lambda random: bytes(10**7),
    ("csv", "delimiters"): lambda random: b"a,b,y\n" + b";" * 4_000_000 + b"\n",
    ("tsv", "tabs"): lambda random: b"\t" * 10**7,
    ("csv.gz", "a bomb"): lambda random: _dilated(random.choice((2**28, 2**29))),
    ("csv.gz", "a bomb in lines"): lambda random: gzip.compress(b"a,b,y\n" + b"1,2,x\n" * 10) + _dilated(2**29),
    ("csv.gz", "packed twice"): lambda random: gzip.compress(gzip.compress(_table())),
    ("csv.gz", "many members"): lambda random: gzip.compress(b"1,2,x\n") * 50_000,
    ("csv.gz", "empty members"): lambda random: gzip.compress(b"") * 100_000,
    ("npz", "a lying header"): lambda random: _zipped(_lying_npy(random)),
    ("npz", "stated sizes"): _stated,
    ("npz", "a bomb"): lambda random: _unfolding_archive(2**29),
    ("npz", "a bomb of objects"): lambda random: _zipped(_npy("'|O'", "(1,)", b"cos\nsystem\n(S'touch ran'\ntR.")),
    ("npz", "packed otherwise"): lambda random: _zipped(_bare(), random.choice((zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2))),
    ("npz", "names"): lambda random: _zipped(_bare(), name=random.choice(("../x.npy", "/x.npy", "x\x1b[2J.npy", "x" * 60_000, "x.npy/"))),
    ("npz", "no arrays"): lambda random: _zipped(b"x"),
    ("npz", "an archive in it"): lambda random: _zipped(_archive()),
    ("npy", "a lying header"): _lying_npy,
    ("npy", "a header of gigabytes"): lambda random: b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + bytes(10**6),
    ("idx", "a lying header"): lambda random: bytes([0, 0, random.choice((8, 9, 11, 12, 13, 14, 7)), 3]) + random.choice((b"\xff" * 12, struct.pack(">III", 2**31, 2, 1), struct.pack(">III", 30, 0, 2))) + bytes(180),
    ("idx", "255 axes"): lambda random: b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + b"\1",
    ("idx.gz", "a lying header"): lambda random: gzip.compress(bytes([0, 0, 14, 3]) + b"\xff" * 12 + bytes(100)),
    ("idx.gz", "a bomb"): lambda random: _dilated(2**29),
    ("idx.gz", "a bomb behind the array"): lambda random: gzip.compress(_idx(30, 3, 2)) + _dilated(2**29),
    ("text", "zeros"): lambda random: bytes(2_000_000),
    ("text", "every character"): lambda random: "".join(map(chr, range(32, 0xD800))).encode(),
    ("text", "half characters"): lambda random: b"\xed\xa0\x80" * 100,
    ("series", "a line of 20 MB"): lambda random: b"1," * 10**7,
    ("images", "a bomb"): lambda random: _unfolding("", random.choice(((60_000, 60_000), (8000, 8000), (5000, 5000), (2**31 - 1, 1), (0, 0))), 10**6),
    ("images", "a bomb of text"): lambda random: _unfolding("text", (4, 4), 2**25),
    ("images", "another format"): lambda random: _damaged(random, _image(random.choice(("JPEG", "GIF", "BMP", "TIFF", "PPM", "WEBP"))))[1],
    ("images", "a drawing"): lambda random: random.choice((b"%!PS-Adobe-3.0\n%%BoundingBox: 0 0 9 9\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"P3\n99999999 99999999\n255\n", b"P1 4 4 " + b"1 " * 10**6)),
    ("labels", "other places"): lambda random: b"file,label\n" + random.choice((b"/etc/passwd,x\n", b"../../labels.idx,x\n", b"0.png\x1b[2J,x\n", b"x" * 10**6 + b",x\n", b"0.png,x\n" * 50_000)),
}  # fmt: skip
