"""The callback for Keras, on torch or whatever KERAS_BACKEND says: its tags, its arguments, its files."""

import os

import numpy as np
import pytest

import tbevents

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="trains with it", exc_type=ImportError)
TensorBoard = pytest.importorskip("tbevents.integrations.keras", exc_type=ImportError).TensorBoard


@pytest.fixture
def model():
    layers = [keras.layers.Conv2D(2, 3, name="conv"), keras.layers.Flatten(), keras.layers.Dense(1, name="dense")]
    model = keras.Sequential([keras.Input((4, 4, 3)), *layers])
    model.compile("sgd", "mse")
    return model


def fit(model, callback, **arguments):
    model.fit(np.ones((4, 4, 4, 3)), np.zeros((4, 1)), batch_size=1, verbose=0, callbacks=[callback], **arguments)


def test_batches_are_logged_as_often_as_asked(model, tmp_path):
    fit(model, TensorBoard(tmp_path, update_freq=3, write_steps_per_second=True), epochs=2)
    run = tbevents.read_run(tmp_path / "train")
    assert run.scalars["batch_loss"].steps.tolist() == [3, 6]
    assert set(run.scalars) == {
        "batch_loss",
        "batch_steps_per_second",
        "epoch_loss",
        "epoch_learning_rate",
        "epoch_steps_per_second",
    }
    assert (run.scalars["epoch_steps_per_second"].values > 0).all()
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


def test_weights_are_histograms_and_images(model, tmp_path):
    pytest.importorskip("PIL", reason="draws images")
    fit(model, TensorBoard(tmp_path, histogram_freq=2, write_images=True), epochs=3)
    run = tbevents.read_run(tmp_path / "train")
    names = [weight.path for layer in model.layers for weight in layer.weights]
    assert sorted(run.histograms) == sorted(f"{name}/histogram" for name in names)
    for series in run.histograms.values():
        assert series.steps.tolist() == [0, 2]
    dense = next(name for name in names if name.endswith("dense/kernel"))
    assert run.histograms[f"{dense}/histogram"].last.counts.sum() == 8
    images = run.images[f"{dense}/image"]
    assert (images.last.width, images.last.height) == (1, 8)


def test_every_fit_and_evaluate_is_read_back_together(model, tmp_path):
    callback = TensorBoard(str(tmp_path))
    fit(model, callback)
    fit(model, callback, initial_epoch=1, epochs=2)
    model.evaluate(np.ones((2, 4, 4, 3)), np.zeros((2, 1)), verbose=0, callbacks=[callback])
    assert tbevents.read_run(tmp_path / "train").scalars["epoch_loss"].steps.tolist() == [0, 1]
    run = tbevents.read_run(tmp_path / "validation")
    assert run.scalars["evaluation_loss_vs_iterations"].steps.tolist() == [8]


def test_kerass_own_arguments_that_need_tensorflow_are_named(tmp_path):
    for name, value in {
        "write_graph": True,
        "profile_batch": (1, 2),
        "embeddings_freq": 1,
        "embeddings_metadata": "words.tsv",
    }.items():
        with pytest.raises(ValueError, match=f"^{name}=.* is not supported without TensorFlow"):
            TensorBoard(tmp_path, **{name: value})
    for name, value in {"histogram_freq": -1, "update_freq": "often"}.items():
        with pytest.raises(ValueError, match=f"^{name} must be .*, not {value!r}"):
            TensorBoard(tmp_path, **{name: value})
    with pytest.raises(ValueError, match="update_freq must be"):
        TensorBoard(tmp_path, update_freq=0)
    assert list(tmp_path.iterdir()) == []


def test_the_tags_are_those_of_kerass_own_callback(model, tmp_path, monkeypatch):
    """Keras' callback takes tf.summary from a property: here from one that notes the calls."""
    said = set()

    class Writer:
        def __init__(self, folder):
            self.folder = os.path.basename(folder)

        def as_default(self, step=None):
            return self

        def __enter__(self):
            Summary.now.append(self.folder)

        def __exit__(self, *_):
            Summary.now.pop()

        def flush(self):
            pass

        close = flush

    class Summary:
        now = []  # noqa: RUF012
        create_file_writer = Writer

        @staticmethod
        def record_if(_):
            return Writer("")

        @staticmethod
        def scalar(name, value, step):
            said.add((next(folder for folder in reversed(Summary.now) if folder), name, int(step)))

        histogram = scalar

    monkeypatch.setattr(keras.callbacks.TensorBoard, "summary", Summary)
    arguments = {"histogram_freq": 1, "update_freq": "batch"}
    fit(model, keras.callbacks.TensorBoard(tmp_path / "theirs", write_graph=False, **arguments), validation_split=0.5)
    model.optimizer.iterations.assign(0)
    fit(model, TensorBoard(tmp_path / "ours", **arguments), validation_split=0.5)
    ours = set()
    for name, run in tbevents.read_logdir(tmp_path / "ours").items():
        ours |= {(name, tag, step) for tag, series in run.scalars.items() for step in series.steps.tolist()}
        ours |= {(name, tag, step) for tag, series in run.histograms.items() for step in series.steps.tolist()}
    assert ours == said
