"""Histogram and image series draw themselves."""

import pickle

import numpy as np
import pytest

import tbevents
from tbevents.errors import UnknownStepError
from tbevents.reading.kinds.histogram import Histogram
from tbevents.views.picture_grid import draw_pictures


@pytest.fixture(autouse=True)
def matplotlib():
    return pytest.importorskip("matplotlib", reason="plotting needs matplotlib")


@pytest.fixture
def run(tmp_path):
    with tbevents.SummaryWriter(tmp_path) as writer:
        for step in range(30):
            writer.add_histogram("w", np.arange(100.0) / 100 + step, step * 10, walltime=1000.0 + 3600 * step)
    return tbevents.read_run(tmp_path)


def test_a_heat_map_has_a_column_for_each_histogram(run):
    axes = run.histograms["w"].plot()
    (mesh,) = axes.collections
    shares = np.asarray(mesh.get_array()).reshape(100, 30)
    np.testing.assert_allclose(shares.sum(axis=0), 1)
    middles = (shares * np.linspace(0, 30, 201)[1::2, None]).sum(axis=0)
    np.testing.assert_allclose(np.diff(middles), 1, atol=0.2)  # each step's values are 1 more
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == ("w", "step", "value")
    assert axes.figure._repr_png_().startswith(b"\x89PNG")
    assert axes.get_xlim() == (-5.0, 295.0)


def test_a_distribution_has_the_median_and_tensorboards_bands(run):
    axes = run.histograms["w"].plot(view="distribution", x="relative")
    (line,) = axes.get_lines()
    np.testing.assert_allclose(line.get_xdata(), np.arange(30.0))
    np.testing.assert_allclose(line.get_ydata(), np.arange(30) + 0.5, atol=0.1)
    assert len(axes.collections) == 4
    assert axes.get_xlabel() == "hours"


def test_ridges_stand_at_their_steps_with_the_last_in_front(run):
    axes = run.histograms["w"].plot(view="ridges")
    lines = axes.get_lines()
    assert len(lines) == 30
    assert axes.yaxis_inverted()
    assert lines[-1].get_zorder() > lines[0].get_zorder()
    tops = [line.get_ydata() for line in lines]
    assert max(tops[0]) == 0  # without values the outline is at its step
    assert [max(top) for top in tops[1:3]] == [10, 20]


def test_ridges_have_labels_of_steps_only_where_steps_are(run, tmp_path):
    axes = run.histograms["w"].plot(view="ridges")
    low = min(axes.get_ylim())
    assert low < -10  # the first outlines reach above their steps
    assert list(axes.get_yticks()) == [0, 50, 100, 150, 200, 250]
    axes.set_ylim(120, 80)  # zoomed
    assert set(axes.get_yticks()) >= {90, 100, 110}
    assert pickle.loads(pickle.dumps(axes.figure))
    with tbevents.SummaryWriter(tmp_path / "one") as writer:
        writer.add_histogram("w", np.arange(100.0), 7)
    one = tbevents.read_run(tmp_path / "one").histograms["w"].plot(view="ridges")
    assert list(one.get_yticks()) == [7]


def test_many_histograms_are_thinned_and_the_last_one_stays(run):
    axes = run.histograms["w"].plot(view="ridges", most=4)
    assert [max(line.get_ydata()) for line in axes.get_lines()] == [0, 90, 190, 290]


@pytest.mark.parametrize("view", ["heat", "distribution", "ridges"])
def test_histograms_without_values_say_so(run, view, monkeypatch):
    nothing = Histogram(0, 0.0, np.empty(0), np.empty(0), np.empty(0))
    monkeypatch.setattr("tbevents.reading.kinds.histogram._from_proto", lambda *_: nothing)
    axes = run.histograms["w"].plot(view=view)
    assert [text.get_text() for text in axes.texts] == ["no values"]


@pytest.mark.parametrize("view", ["heat", "distribution", "ridges"])
@pytest.mark.filterwarnings("error")
def test_any_histograms_can_be_drawn(tmp_path, view):
    with tbevents.SummaryWriter(tmp_path) as writer:
        writer.add_histogram("one", np.ones(3), 5)
        for step, values in enumerate(([-1e300, 1e300], [0.0, 0.0], [1e-300])):
            writer.add_histogram("wide", np.array(values), step)
            writer.add_histogram("zero$", np.array(values[:1]) * 0, 0)
    for tag, series in tbevents.read_run(tmp_path).histograms.items():
        axes = series.plot(view=view)
        axes.figure._repr_png_()
        assert axes.get_title() == tag
        if tag == "zero$":
            assert "order (all steps are 0)" in (axes.get_xlabel(), axes.get_ylabel())


@pytest.mark.parametrize("view", ["heat", "distribution", "ridges"])
def test_steps_of_histograms_are_labelled_by_whole_numbers(tmp_path, matplotlib, view):
    with tbevents.SummaryWriter(tmp_path) as writer:
        for step in range(4):
            writer.add_histogram("", np.arange(5.0), step)
    axes = tbevents.read_run(tmp_path).histograms[""].plot(view=view)
    assert axes.get_title() == "''"
    ticks = axes.get_yticks() if view == "ridges" else axes.get_xticks()
    assert [tick for tick in ticks if 0 <= tick <= 3] == [0, 1, 2, 3]


def test_axes_may_be_given(run, matplotlib):
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    assert run.histograms["w"].plot(axes, view="distribution", color="red") is axes
    assert axes.get_title() == ""


@pytest.mark.parametrize("options", [{"view": "pie"}, {"x": "wall"}, {"most": 0}, {"most": "a"}], ids=str)
def test_wrong_options_are_refused(run, options):
    ((name, value),) = options.items()
    with pytest.raises((TypeError, ValueError), match=f"{name} must be .* not {value!r}"):
        run.histograms["w"].plot(**options)
    with pytest.raises(ValueError, match="no points"):
        run.histograms["w"][:0].plot()


# -- images ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def pictures(tmp_path):
    pytest.importorskip("PIL", reason="pictures need Pillow")
    with tbevents.SummaryWriter(tmp_path) as writer:
        for step in range(20):
            writer.add_image("i$", np.full((3, 4, 5), step * 10, np.uint8), step)
            writer.add_image("grey", np.full((1, 4, 5), step, np.uint8), step)
    return tbevents.read_run(tmp_path).images


def test_images_are_drawn_under_their_steps(pictures):
    figure = pictures["i$"].plot(most=5)
    drawn = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in drawn] == ["step 0", "step 4", "step 9", "step 14", "step 19"]
    assert [int(axes.images[0].get_array()[0, 0, 0]) for axes in drawn] == [0, 40, 90, 140, 190]
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_chosen_steps_are_drawn(pictures):
    figure = pictures["grey"].plot([7, 3])
    assert [axes.get_title() for axes in figure.axes] == ["step 7", "step 3"]
    assert [int(axes.images[0].get_array()[0, 0].max()) for axes in figure.axes] == [7, 3]


@pytest.mark.parametrize(
    ("pixels", "drawn"),
    [
        (np.full((2, 2, 1), 9, np.uint8), 9),
        (np.full((2, 2, 2), 9, np.uint8), [9, 9, 9, 9]),
        (np.full((2, 2, 3), 9, np.uint8), [9, 9, 9]),
        (np.full((2, 2, 1), 9 * 257, np.uint16), 9),
    ],
)
def test_pixels_keep_their_brightness(pixels, drawn):
    (axes,) = draw_pictures([("a", pixels)], "t").axes
    assert axes.images[0].get_array()[0, 0].tolist() == drawn
    if pixels.shape[2] == 1:
        assert axes.images[0].get_clim() == (0, 255)


def test_images_of_wrong_steps_are_refused(pictures):
    with pytest.raises(UnknownStepError, match="nearest"):
        pictures["grey"].plot([99])
    with pytest.raises(ValueError, match="no pictures"):
        pictures["grey"].plot([])
    with pytest.raises(ValueError, match="at least 1"):
        pictures["grey"].plot(most=0)


def test_a_picture_that_cannot_be_decoded_says_why(pictures):
    figure = pictures["grey"].plot([1], sample=5)
    (text,) = [each.get_text() for axes in figure.axes for each in axes.texts]
    assert "no picture 5" in text
