"""Every public name of tbevents with its types. mypy reads this file; nothing runs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_type

import tbevents
from tbevents.proto import Event, GraphDef, Layout
from tbevents.proto import RunMetadata as RunMetadataMessage


def version() -> None:
    assert_type(tbevents.__version__, str)


def a_misspelt_name_is_an_error() -> None:
    misspelt = tbevents.SumaryWriter  # type: ignore[attr-defined]
    del misspelt


def modules_need_no_import_of_their_own() -> None:
    assert_type(tbevents.errors.TBEventsError, type[tbevents.TBEventsError])
    assert_type(tbevents.proto.Event(), Event)
    assert_type(tbevents.tools.check_run(tbevents.read_run("runs/demo")), tbevents.tools.Checked)
    assert_type(tbevents.testing.live_run("runs/demo"), tbevents.testing.LiveRun)
    assert_type(tbevents.summary.scalar("loss", 0.5), tbevents.proto.Summary)
    assert_type(tbevents.lint.run("runs"), tbevents.lint.Findings)
    tbevents.lr_scheduler.StepLR(tbevents.lr_scheduler.ParamGroups(0.1), 3)
    assert_type(tbevents.dropin.install(), tbevents.dropin.Installation)
    assert_type(tbevents.integrations.__name__, str)


def writing() -> None:
    with tbevents.SummaryWriter("runs/demo", flush_secs=1, on_error="warn") as writer:
        assert_type(writer, tbevents.SummaryWriter)
        writer.add_scalar("loss", 0.5, 1)
        writer.add_scalars("data", {"x": 1.0, "y": 2}, 1)
        writer.add_scalar_columns("loss", np.arange(3), np.zeros(3))
        writer.add_histogram("weights", np.zeros(3), 1)
        writer.add_text("note", "text", 1)
        assert_type(writer.logdir, str)
        assert_type(writer.lost, int)
        writer.flush()
    with tbevents.EventFileWriter("runs/demo") as event_file:
        assert_type(event_file, tbevents.EventFileWriter)
        assert_type(event_file.path, str | None)
        event_file.add_event(Event())
    shared = tbevents.GlobalSummaryWriter("runs/demo")
    assert_type(tbevents.GlobalSummaryWriter.getSummaryWriter(), tbevents.GlobalSummaryWriter)
    shared.add_scalar("loss", 0.5)


def many_runs() -> None:
    tbevents.iter_batches("runs", tags="loss", runs=["a*"], on_problem=lambda problem: problem.file)
    synced = tbevents.sync("runs", "lake/scalars", removed="drop", storage_options={"region": "x"})
    assert_type(synced, tbevents.tools.Synced)
    assert_type(synced.version, int)
    assert_type(synced.read, tuple[str, ...])
    assert_type(synced.problems, tuple[tbevents.Problem, ...])
    assert_type(tbevents.SyncConflictError, type[tbevents.SyncConflictError])


def boards() -> None:
    view = tbevents.board("runs", height=600, inline=False, url="/proxy/{port}", memory=256)
    assert_type(view, tbevents.BoardView)
    assert_type(view.url, str | None)
    view.close()


def references() -> None:
    (ref,) = tbevents.read_logdir("runs").refs()
    assert_type(ref, tbevents.RunRef)
    assert_type((ref.name, ref.url, ref.size), tuple[str, str, int])
    assert_type(ref.files, tuple[tbevents.FileRef, ...])
    url, size, modified = ref.files[0]
    assert_type(url, str)
    assert_type(size, int | None)
    assert_type(modified, float | str | None)
    assert_type(tbevents.read_run(ref, tags="loss"), tbevents.Run)


def reading_a_run() -> None:
    run = tbevents.read_run("runs/demo", tags=["loss*"], restarts="overwrite", checksums="verify")
    assert_type(run, tbevents.Run)
    assert_type(run.name, str)
    assert_type(run.tags, tuple[str, ...])
    assert_type(run.files, tuple[str, ...])
    assert_type(run.problems, tuple[tbevents.Problem, ...])
    assert_type(run.scalars["loss"], tbevents.ScalarSeries)
    assert_type(run.histograms["weights"], tbevents.HistogramSeries)
    assert_type(run.images["digits"], tbevents.ImageSeries)
    assert_type(run.audio["sound"], tbevents.AudioSeries)
    assert_type(run.texts["note"], tbevents.TextSeries)
    assert_type(run.tensors["tensor"], tbevents.TensorSeries)
    assert_type(run.pr_curves["pr"], tbevents.PrCurveSeries)
    assert_type(run.meshes["mesh"], tbevents.MeshSeries)
    assert_type(run.graphs["graph"], tbevents.LoggedGraphSeries)
    assert_type(run.graph, tbevents.Graph | None)
    assert_type(run.run_metadata["step"], tbevents.RunStatistics)
    assert_type(run.hparams, tbevents.HParams | None)
    assert_type(run.projector, tbevents.Projector | None)
    assert_type(run.layout, Layout | None)
    assert_type(run.metadata["loss"], tbevents.TagMetadata)
    assert_type(run.session_log, tuple[tbevents.SessionEvent, ...])
    assert_type(run.log_messages, tuple[tbevents.LogLine, ...])
    assert_type(run.counts(), dict[str, dict[str, int]])
    assert_type(run.first_wall_time, float | None)
    assert_type(run.reload(), tbevents.Run)
    assert_type(run.table(), tbevents.Table)


def reading_a_logdir() -> None:
    logdir = tbevents.read_logdir("runs", threads=2)
    assert_type(logdir, tbevents.Logdir)
    assert_type(logdir["demo"], tbevents.Run)
    assert_type(logdir.problems, tuple[tbevents.Problem, ...])
    table = logdir.scalars(tags="loss", runs=["a", "b"])
    assert_type(table, tbevents.Table)
    assert_type(table.steps, NDArray[np.int64])
    assert_type(logdir.scalars(times=True).times, NDArray[np.datetime64])
    assert_type(table.pivot(), tbevents.WideTable)
    assert_type(table.pivot().steps, NDArray[np.int64])
    assert_type(logdir.hparams(), tbevents.HParamsTable)
    assert_type(logdir.hparams().sessions, Mapping[str, tbevents.HParams])


def events_and_records() -> None:
    assert_type(tbevents.iter_events("file", strict=True), Iterator[Event])
    for record in tbevents.iter_records("file"):
        offset, payload = record
        assert_type(offset, int)
        assert_type(payload, bytes)
    assert_type(tbevents.follow("runs/demo", poll=0.5), Iterator[Event])


def scalars(series: tbevents.ScalarSeries) -> None:
    assert_type(len(series), int)
    assert_type(series.steps, NDArray[np.int64])
    assert_type(series.wall_times, NDArray[np.float64])
    assert_type(series.values, NDArray[np.float32] | NDArray[np.float64])
    assert_type(series.first, tbevents.ScalarPoint)
    assert_type(series.last.value, float)
    assert_type(series.at(3).step, int)
    assert_type(series.smooth(0.6), tbevents.ScalarSeries)


def large_values(
    histograms: tbevents.HistogramSeries,
    images: tbevents.ImageSeries,
    sounds: tbevents.AudioSeries,
    texts: tbevents.TextSeries,
    tensors: tbevents.TensorSeries,
    curves: tbevents.PrCurveSeries,
    meshes: tbevents.MeshSeries,
    graphs: tbevents.LoggedGraphSeries,
) -> None:
    assert_type(histograms.last, tbevents.Histogram)
    assert_type(histograms.last.counts, NDArray[np.float64])
    assert_type(images[0], tbevents.Image)
    assert_type(images[0].encoded, bytes)
    assert_type(sounds.at(1), tbevents.Audio)
    assert_type(sounds.at(1).seconds, float)
    assert_type(texts.last, tbevents.Text)
    assert_type(texts.last.text, str)
    assert_type(tensors.last, tbevents.Tensor)
    assert_type(tensors.last.array, NDArray[Any])
    assert_type(curves.last, tbevents.PrCurve)
    assert_type(curves.last.thresholds, NDArray[np.float64])
    assert_type(meshes.last, tbevents.Mesh)
    assert_type(meshes.last.vertices, NDArray[Any] | None)
    assert_type(graphs.last, tbevents.LoggedGraph)
    assert_type(graphs.last.encoded, bytes)


def whole_run_values(
    graph: tbevents.Graph,
    statistics: tbevents.RunStatistics,
    hparams: tbevents.HParams,
    projector: tbevents.Projector,
    metadata: tbevents.TagMetadata,
    event: tbevents.SessionEvent,
    line: tbevents.LogLine,
    problem: tbevents.Problem,
) -> None:
    assert_type(graph.nodes, tuple[tbevents.GraphNode, ...])
    assert_type(graph.nodes[0].op, str)
    assert_type(graph.message, GraphDef)
    assert_type(statistics.message, RunMetadataMessage)
    assert_type(hparams.metrics, Mapping[str, float])
    assert_type(projector.embeddings, Mapping[str, tbevents.Embedding])
    assert_type(projector.embeddings["words"].tensor_path, str | None)
    assert_type(metadata.plugin, str)
    assert_type(event.status, str)
    assert_type(line.message, str)
    assert_type((problem.file, problem.offset, problem.kind, problem.skipped), tuple[str, int, str, int])


def errors() -> None:
    try:
        tbevents.read_run("runs/demo", strict=True)
    except tbevents.ChecksumError as error:
        assert_type((error.stored, error.computed), tuple[int, int])
    except tbevents.RecordTooLargeError as error:
        assert_type((error.length, error.limit), tuple[int, int])
    except tbevents.IncompleteRecordError as error:
        assert_type(error.missing, int)
    except (
        tbevents.BadValueError,
        tbevents.NotAnEventFileError,
        tbevents.UndecodableRecordError,
    ) as error:
        assert_type(error.offset, int)
    except tbevents.DamagedFileError as error:
        assert_type(error.offset, int)
    except tbevents.RunNotFoundError as error:
        not_found: FileNotFoundError = error
        del not_found
    except tbevents.UnknownNameError as error:
        key: KeyError = error
        del key
    except tbevents.UnknownStepError as error:
        key = error
    except tbevents.UploadError as error:
        assert_type(error.spool, str | None)
    except tbevents.WorkerError as error:
        runtime_error: RuntimeError = error
        del runtime_error
    except tbevents.MissingExtraError as error:
        import_error: ImportError = error
        del import_error
    except (tbevents.PayloadError, tbevents.TensorError) as error:
        value: ValueError = error
        del value
    except (tbevents.DropinError, tbevents.FileChangedError) as error:
        tbevents_error: tbevents.TBEventsError = error
        del tbevents_error


def warnings() -> None:
    category: type[tbevents.TBEventsWarning] = tbevents.DamageWarning
    category = tbevents.WriterWarning
    user_warning: type[UserWarning] = category
    del user_warning
