"""Pictures and sounds that are exported: the files that were logged, under safe names."""

import io
import os

import pytest
from event_files import tensor_value, version_event, write_events

import tbevents
from tbevents.proto import Event, Summary, TensorProto
from tbevents.reading.kinds.image import FORMATS
from tbevents.tools.export import export_media
from tbevents.tools.media_names import MediaNames, ending_of, safe_name


def test_pictures_and_sounds_are_the_files_that_were_logged(corpus, tmp_path):
    (source,) = corpus.glob("tensorflow*/**/*tfevents*")
    done = export_media(source, tmp_path / "out", tags="*/image/3")
    assert done.files == ("input_reshape/input/image/3/0000000000.png",)
    logged = tbevents.read_run(source).images["input_reshape/input/image/3"].last.encoded
    assert (tmp_path / "out" / done.files[0]).read_bytes() == logged


def image_event(tag, *pictures, step=0):
    strings = TensorProto(dtype=7, string_val=[b"1", b"1", *pictures])
    return Event(step=step, summary=Summary(value=[tensor_value(tag, strings, "images")]))


@pytest.mark.parametrize("form", FORMATS)
def test_a_picture_gets_the_ending_of_its_format(tmp_path, form):
    Pillow = pytest.importorskip("PIL.Image")  # noqa: N806
    file = io.BytesIO()
    Pillow.new("RGB", (3, 2)).save(file, form)
    write_events(tmp_path / "x.tfevents", [version_event(), image_event("a", file.getvalue())])
    (name,) = export_media(tmp_path, tmp_path / "out").files
    assert Pillow.registered_extensions()[os.path.splitext(name)[1]] == form
    assert (tmp_path / "out" / name).read_bytes() == file.getvalue()


@pytest.mark.parametrize(
    ("start", "ending"),
    [
        (b"RIFF\0\0\0\0WAVEfmt ", "wav"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "webp"),
        (b"RIFF\0\0\0\0AVI LIST", "bin"),
        (b"RIFF", "bin"),
        (b"\0\0\0\0\0\0\0\0WAVE", "bin"),
        (b"II*\0", "tif"),
        (b"MM\0*", "tif"),
    ],
)
def test_the_first_bytes_say_the_ending(start, ending):
    assert ending_of(start) == ending


ESCAPES = [
    "../../evil",
    "/etc/evil",
    "..",
    ".",
    "a/../../b",
    "c:\\evil",
    "..\\..\\evil",
    "a\0b",
    "con",
    "x" * 300,
    "\x1b[2J",
    "",
]


def test_no_tag_leads_out_of_the_folder(tmp_path):
    events = [image_event(tag, b"GIF89a " + tag.encode()) for tag in ESCAPES]
    write_events(tmp_path / "runs" / "x.tfevents", [version_event(), *events])
    before = set(tmp_path.rglob("*"))
    done = export_media(tmp_path / "runs", tmp_path / "deep" / "out")
    new = [path for path in set(tmp_path.rglob("*")) - before if path.is_file()]
    assert len(new) == len(done.files) == len(ESCAPES)
    assert all(path.is_relative_to(tmp_path / "deep" / "out") for path in new)
    assert {path.read_bytes() for path in new} == {b"GIF89a " + tag.encode() for tag in ESCAPES}


@pytest.mark.parametrize("tag", ["x/" * 3000, "/".join(["long" * 30] * 40), "y" * 10_240])
def test_a_tag_may_be_longer_than_any_path(tmp_path, tag):
    write_events(
        tmp_path / "in.tfevents", [version_event(), *(image_event(name, b"GIF89a") for name in (tag, tag + "/other"))]
    )
    done = export_media(tmp_path / "in.tfevents", tmp_path / "out", kinds=["images"])
    assert len(set(done.files)) == 2
    assert all(len(file.encode()) < 1200 and (tmp_path / "out" / file).is_file() for file in done.files)


def test_names_that_differ_in_case_only_and_steps_that_repeat_stay_apart(tmp_path):
    events = [image_event("Tag", b"GIF1", b"GIF2"), image_event("tag", b"GIF3"), image_event("Tag", b"GIF4")]
    write_events(tmp_path / "x.tfevents", [version_event(), *events])
    files = export_media(tmp_path, tmp_path / "out").files
    assert len({name.casefold() for name in files}) == 4
    assert files[:3] == ("Tag/0000000000.bin", "Tag/0000000000_2.bin", "Tag/0000000000_3.bin")


def test_a_value_that_is_no_picture_is_reported(tmp_path):
    bad = Event(summary=Summary(value=[tensor_value("bad", TensorProto(dtype=7, string_val=[b"x"]), "images")]))
    write_events(tmp_path / "x.tfevents", [version_event(), bad, image_event("good", b"GIF89a")])
    done = export_media(tmp_path, tmp_path / "out")
    assert len(done.files) == 1
    assert "tag 'bad'" in done.problems[0]


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("loss_1-a", "loss_1-a"),
        ("ünï code", "ünï code"),
        ("..", "%2e%2e"),
        (".hidden", "%2ehidden"),
        ("a..b", "a.%2eb"),
        ("end.", "end%2e"),
        ("", "%"),
        ("NUL", "%NUL"),
        ("com1.txt", "%com1.txt"),
        ("a:b*c?", "a%3ab%2ac%3f"),
        ("100%", "100%25"),
    ],
)
def test_a_safe_name_keeps_what_it_can(part, name):
    assert safe_name(part) == name


def test_long_names_stay_apart():
    first, second = safe_name("x" * 500 + "1"), safe_name("x" * 500 + "2")
    assert first != second
    assert len(os.fsencode(first)) <= 120


def test_many_values_of_one_step_get_names_in_a_time_that_is_linear(tmp_path):
    names = MediaNames()
    found = [names.file("f", 1, "png") for _ in range(20_000)]
    assert (found[0], found[1], found[-1]) == ("f/0000000001.png", "f/0000000001_2.png", "f/0000000001_20000.png")
    assert len(set(found)) == 20_000
