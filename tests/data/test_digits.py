from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from bpframe.data import DigitsData, digits
from bpframe.data.npz import read_npz
from bpframe.data.paths import find_file
from bpframe.errors import DataError, SpecError

NOWHERE = Path("nowhere")


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Put 400 made-up images in the place of the package's file."""
    images = np.random.default_rng(0).integers(0, 17, (400, 64), dtype=np.uint8)
    labels = (np.arange(400) % 10).astype(np.uint8)
    np.savez_compressed(tmp_path / "digits.npz", images=images, labels=labels)
    monkeypatch.setattr(digits, "_FILE", tmp_path / "digits.npz")
    return images, labels


def test_by_default_360_are_held_back_counts_are_divided_by_16_and_targets_are_one_hot(small):
    data = DigitsData().load(NOWHERE, "float32")
    assert data.x.shape == (40, 64)
    assert data.x_test.shape == (360, 64)
    assert data.y.shape == (40, 10)
    assert data.x.dtype == data.y.dtype == np.float32
    everything = sorted(map(bytes, np.concatenate([data.x, data.x_test]) * 16 + 0.0))
    assert everything == sorted(map(bytes, small[0].astype(np.float32)))
    assert data.preparation.classes == tuple(range(10))


def test_every_image_keeps_its_digit(small):
    data = DigitsData(scaling="none", test_count=0).load(NOWHERE, "float64")
    assert data.x_test is None
    np.testing.assert_array_equal(data.x, small[0])
    assert data.preparation.labels(data.y) == small[1].tolist()


def test_the_split_is_the_same_every_time_and_another_seed_gives_another(small):
    first, again, other = (DigitsData(seed=seed).load(NOWHERE, "float32") for seed in (0, 0, 1))
    assert first.x.tobytes() == again.x.tobytes()
    assert first.x.tobytes() != other.x.tobytes()


def test_images_keep_their_two_axes_where_asked(small):
    data = DigitsData(flatten=False, scaling="none", test_fraction=0.25, shuffle=False).load(NOWHERE, "float32")
    assert data.x.shape == (300, 8, 8)
    np.testing.assert_array_equal(data.x.reshape(300, 64), small[0][:300])
    assert DigitsData(channels=True).load(NOWHERE, "float32").x.shape == (40, 8, 8, 1)
    with pytest.raises(SpecError, match="no channels"):
        DigitsData(channels=True, flatten=True)


def test_the_digits_are_numbers_where_asked(small):
    data = DigitsData(one_hot=False, test_count=0).load(NOWHERE, "float64")
    assert data.y[:, 0].tolist() == small[1].tolist()


def test_a_package_without_the_file_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(digits, "_FILE", tmp_path / "digits.npz")
    with pytest.raises(DataError, match="no data file"):
        DigitsData().load(NOWHERE, "float32")


def test_the_classes_of_the_digits_cannot_be_changed():
    with pytest.raises(SpecError, match="ten classes"):
        DigitsData(classes=10)


def test_the_file_in_the_package_is_the_test_part_of_the_optical_digits():
    arrays = read_npz(find_file(NOWHERE, digits._FILE), ["images", "labels"])
    images, labels = arrays["images"], arrays["labels"]
    assert images.shape == (1797, 64)
    assert images.dtype == labels.dtype == np.uint8
    assert images.min() == 0
    assert images.max() == 16
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert digits._FILE.stat().st_size < 150_000
    content = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    assert content == "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


def test_the_target_of_an_image_may_be_the_image_whatever_the_scaling_is(small):
    data = DigitsData(targets="images", scaling="standard", test_count=0).load(NOWHERE, "float64")
    np.testing.assert_array_equal(data.y, small[0] / 16)
    assert data.preparation.classes is None
    assert DigitsData(targets="images", flatten=False).load(NOWHERE, "float32").y.shape == (40, 8, 8)
