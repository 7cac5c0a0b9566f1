"""Folders of images become arrays; what is broken, or would be read in a way that nobody asked for, is refused."""

from __future__ import annotations

import struct
import sys
import zlib

import numpy as np
import pytest

from bpframe.data import ImagesData, read_inputs
from bpframe.errors import DataError, MissingExtra, SpecError

Image = pytest.importorskip("PIL.Image")


def png(path, pixels, **settings):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path, **settings)


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        for k in range(3):
            png(tmp_path / "pets" / name / f"{k}.png", rng.integers(0, 256, (4, 5, 3)))
    return tmp_path


def test_folders_are_classes_and_pixels_are_in_0_to_1(folder):
    data = ImagesData(path="pets").load(folder, "float32")
    assert data.x.shape == (6, 4, 5, 3)
    assert data.y.tolist() == [[1, 0]] * 3 + [[0, 1]] * 3
    assert data.preparation.classes == ("cat", "dog")
    expected = np.asarray(Image.open(folder / "pets/dog/1.png"), np.float64) / 255
    np.testing.assert_allclose(data.x[4], expected, rtol=1e-6)


def test_grey_has_one_channel(folder):
    data = ImagesData(path="pets", mode="grey", test_count=2).load(folder, class_numbers=True)
    assert data.x.shape == (4, 4, 5, 1)
    assert data.x_test.shape == (2, 4, 5, 1)
    assert data.y.dtype == np.int64


def test_images_are_resized_where_asked(folder):
    png(folder / "pets" / "cat" / "large.png", np.full((20, 30), 51))
    with pytest.raises(DataError, match="another size"):
        ImagesData(path="pets").load(folder)
    data = ImagesData(path="pets", size=(8, 6), mode="grey").load(folder)
    assert data.x.shape == (7, 8, 6, 1)
    np.testing.assert_allclose(data.x[3], 0.2)


def test_a_table_gives_labels_and_numbers(folder):
    for k in range(3):
        png(folder / "flat" / f"{k}.png", np.full((2, 2), k))
    (folder / "labels.csv").write_text("file,label,more\n2.png,b,x\n0.png,a,x\n")
    data = ImagesData(path="flat", labels="labels.csv", mode="grey", scaling="none").load(folder)
    assert data.x[:, 0, 0, 0].tolist() == [2, 0]
    assert data.preparation.labels(data.y) == ["b", "a"]
    (folder / "numbers.csv").write_text("file,label\n2.png,1.5\n0.png,-2\n")
    assert ImagesData(path="flat", labels="numbers.csv", one_hot=False).load(folder).y.tolist() == [[1.5], [-2]]


@pytest.mark.parametrize("line", ["none.png,a", "../secret.png,a", "0.png,a\n0.png,b"])
def test_a_table_that_names_no_image_of_the_folder_is_refused(folder, line):
    png(folder / "flat" / "0.png", np.zeros((2, 2)))
    png(folder / "secret.png", np.zeros((2, 2)))
    (folder / "labels.csv").write_text(f"file,label\n{line}\n")
    with pytest.raises(DataError):
        ImagesData(path="flat", labels="labels.csv").load(folder)


def test_an_image_is_turned_as_its_exif_data_say(folder):
    pixels = np.arange(20).reshape(4, 5) * 10
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    for name in ("cat", "dog"):
        for each in (folder / "pets" / name).iterdir():
            each.unlink()
        png(folder / "pets" / name / "turned.png", pixels, exif=exif)
    data = ImagesData(path="pets", mode="grey", scaling="none").load(folder)
    np.testing.assert_array_equal(data.x[0, :, :, 0], np.rot90(pixels, -1))


def _bomb(width, height):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def _write_truncated(path):
    rng = np.random.default_rng(0)
    png(path, rng.integers(0, 256, (64, 64, 3)))
    path.write_bytes(path.read_bytes()[:3000])


def _write_animated(path):
    frames = [Image.fromarray(np.full((4, 5), k, np.uint8)) for k in (0, 200)]
    frames[0].save(path, save_all=True, append_images=frames[1:], format="PNG")


BROKEN = {
    "truncated": (_write_truncated, "cannot be read as an image"),
    "text": (lambda path: path.write_text("no image"), "is not an image"),
    "empty": (lambda path: path.write_bytes(b""), "is not an image"),
    "bomb": (lambda path: path.write_bytes(_bomb(60_000, 60_000)), "more pixels"),
    "small bomb": (lambda path: path.write_bytes(_bomb(9_000, 9_000)), "more pixels"),
    "bomb of few bytes": (lambda path: path.write_bytes(_bomb(5_000, 5_000)), "more pixels"),
    "animated": (_write_animated, "several frames"),
    "16 bits": (lambda path: Image.fromarray(np.zeros((4, 5), np.uint16)).save(path), "another kind than 8 bits"),
    "transparent": (lambda path: Image.new("RGBA", (5, 4), (0, 0, 0, 9)).save(path), "transparent"),
    "program": (lambda path: path.write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 5 4\n"), "is not an image"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_images_that_are_broken_or_ambiguous_are_refused_by_name(folder, case):
    write, problem = BROKEN[case]
    write(folder / "pets" / "cat" / "odd.png")
    with pytest.raises(DataError, match=problem) as caught:
        ImagesData(path="pets").load(folder)
    assert "odd.png" in str(caught.value)


@pytest.mark.parametrize(("mode", "image"), [("1", "bits"), ("P", "palette"), ("CMYK", "ink"), ("RGBA", "opaque")])
def test_images_of_other_modes_become_what_is_asked_for(folder, mode, image):
    where = folder / "modes" / "a" / f"{image}.{'jpg' if mode == 'CMYK' else 'png'}"
    where.parent.mkdir(parents=True)
    Image.new("RGB", (5, 4), (255, 255, 255)).convert(mode).save(where)
    (folder / "modes" / "b").mkdir()
    Image.new("RGB", (5, 4)).save(folder / "modes" / "b" / "black.png")
    data = ImagesData(path="modes").load(folder)
    np.testing.assert_array_equal(data.x[0], np.ones((4, 5, 3)))
    np.testing.assert_array_equal(data.x[1], np.zeros((4, 5, 3)))


@pytest.mark.parametrize("name", ["notes.txt", "deeper/0.png"])
def test_other_files_among_the_images_are_refused(folder, name):
    where = folder / "pets" / "cat" / name
    where.parent.mkdir(exist_ok=True)
    where.write_text("x")
    with pytest.raises(DataError, match="lies among the images"):
        ImagesData(path="pets").load(folder)


def test_what_systems_leave_behind_is_left_out(folder):
    for name in (".DS_Store", "Thumbs.db", "cat/.hidden"):
        (folder / "pets" / name).write_text("x")
    (folder / "pets" / "cat" / "Thumbs.db").write_text("x")
    assert len(ImagesData(path="pets").load(folder).x) == 6


def test_folders_that_hold_no_classes_are_refused(folder):
    (folder / "pets" / "empty").mkdir()
    with pytest.raises(DataError, match="holds no images"):
        ImagesData(path="pets").load(folder)
    with pytest.raises(DataError, match="a folder for each class"):
        ImagesData(path="pets/cat").load(folder)
    with pytest.raises(DataError, match="no data folder"):
        ImagesData(path="none").load(folder)


@pytest.mark.parametrize(
    "settings",
    [{"one_hot": False}, {"test_path": "b", "test_count": 3}, {"test_labels": "c"}, {"size": (0, 3)}, {"mode": "x"}],
)
def test_settings_that_contradict_are_refused(settings):
    with pytest.raises(SpecError):
        ImagesData(path="a", **settings)


def test_without_pillow_the_error_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(MissingExtra, match="needs Pillow") as caught:
        ImagesData(path="pets").load(folder)
    assert "bpframe[images]" in caught.value.hint


def test_an_image_and_a_folder_of_them_are_predicted_from(folder):
    source = ImagesData(path="pets", mode="grey")
    one, _ = read_inputs("pets/cat/0.png", base=folder, source=source)
    assert one.shape == (1, 4, 5, 1)
    all_of_it, _ = read_inputs("pets/cat", base=folder, source=source)
    np.testing.assert_array_equal(all_of_it[:1], one)
    with pytest.raises(DataError, match="no kind of file"):
        read_inputs("pets/cat/0.png", base=folder)
