"""Our messages are TensorBoard's on the wire, live beside them, and are generated from the sources as they stand."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from scripts import load_script

import tbevents.proto
from tbevents._proto import (
    custom_scalars_pb2,
    event_pb2,
    graph_pb2,
    hparams_pb2,
    plugins_pb2,
    projector_pb2,
    summary_pb2,
    tensor_pb2,
)

ROOT = Path(__file__).resolve().parents[1]
OURS = [
    custom_scalars_pb2,
    event_pb2,
    graph_pb2,
    hparams_pb2,
    plugins_pb2,
    projector_pb2,
    summary_pb2,
    tensor_pb2,
]
TENSORBOARD_MODULES = [
    "compat.proto.event_pb2",
    "compat.proto.summary_pb2",
    "compat.proto.histogram_pb2",
    "compat.proto.tensor_pb2",
    "compat.proto.tensor_shape_pb2",
    "compat.proto.types_pb2",
    "compat.proto.graph_pb2",
    "compat.proto.node_def_pb2",
    "compat.proto.attr_value_pb2",
    "compat.proto.versions_pb2",
    "compat.proto.function_pb2",
    "compat.proto.op_def_pb2",
    "compat.proto.config_pb2",
    "compat.proto.step_stats_pb2",
    "plugins.hparams.plugin_data_pb2",
    "plugins.custom_scalar.layout_pb2",
    "plugins.pr_curve.plugin_data_pb2",
    "plugins.text.plugin_data_pb2",
    "plugins.scalar.plugin_data_pb2",
    "plugins.histogram.plugin_data_pb2",
    "plugins.image.plugin_data_pb2",
    "plugins.audio.plugin_data_pb2",
    "plugins.mesh.plugin_data_pb2",
    "plugins.projector.projector_config_pb2",
    "plugins.hparams.api_pb2",  # last: its DataType is not the tensors'
]
# Messages of TensorBoard's that we keep as bytes, which is the same on the wire.
KEPT_AS_BYTES = {"TensorProto.resource_handle_val", "TensorProto.variant_val"}


def local_name(full_name: str) -> str:
    return re.sub(r"^(tbevents|tensorboard(\.hparams|\.mesh|\.projector)?)\.", "", full_name)


def with_nested(descriptor: Descriptor) -> list[Descriptor]:
    return [descriptor] + [inner for nested in descriptor.nested_types for inner in with_nested(nested)]


def messages_of(modules: list[ModuleType]) -> dict[str, Descriptor]:
    tops = [top for module in modules for top in module.DESCRIPTOR.message_types_by_name.values()]
    return {local_name(message.full_name): message for top in tops for message in with_nested(top)}


def enums_of(modules: list[ModuleType]) -> dict[str, Any]:
    enums: dict[str, Any] = {}
    for module in modules:
        for enum in module.DESCRIPTOR.enum_types_by_name.values():
            own = enum.full_name == "tensorboard.hparams.DataType"
            enums["HParamDataType" if own else local_name(enum.full_name)] = enum
    for message in messages_of(modules).values():
        enums.update({local_name(enum.full_name): enum for enum in message.enum_types})
    return enums


OUR_MESSAGES = messages_of(OURS)
OUR_ENUMS = enums_of(OURS)


@pytest.fixture(scope="module")
def theirs() -> list[ModuleType]:
    pytest.importorskip("tensorboard", reason="the messages are compared with TensorBoard's")
    return [importlib.import_module(f"tensorboard.{name}") for name in TENSORBOARD_MODULES]


def is_repeated(field: FieldDescriptor) -> bool:
    # `label` is deprecated in new protobuf, `is_repeated` missing in old.
    return bool(field.is_repeated if hasattr(field, "is_repeated") else field.label == FieldDescriptor.LABEL_REPEATED)


def facts(field: FieldDescriptor) -> tuple[Any, ...]:
    kind = field.type
    if f"{field.containing_type.name}.{field.name}" in KEPT_AS_BYTES:
        kind = FieldDescriptor.TYPE_BYTES
    target = field.message_type if kind == FieldDescriptor.TYPE_MESSAGE else field.enum_type
    name = local_name(target.full_name) if target else None
    if field.enum_type and field.enum_type.full_name == "tensorboard.hparams.DataType":
        name = "HParamDataType"
    oneof = field.containing_oneof.name if field.containing_oneof else None
    return field.name, kind, is_repeated(field), oneof, name


@pytest.mark.parametrize("name", sorted(OUR_MESSAGES))
def test_each_field_is_that_of_tensorboard(name: str, theirs: list[ModuleType]) -> None:
    counterpart = messages_of(theirs)[name]
    for field in OUR_MESSAGES[name].fields:
        assert field.number in counterpart.fields_by_number, field.name
        assert facts(field) == facts(counterpart.fields_by_number[field.number])


@pytest.mark.parametrize("name", sorted(OUR_ENUMS))
def test_each_enum_value_is_that_of_tensorboard(name: str, theirs: list[ModuleType]) -> None:
    mine = {value.name: value.number for value in OUR_ENUMS[name].values}
    counterpart = {value.name: value.number for value in enums_of(theirs)[name].values}
    if name == "DataType":  # older releases of TensorBoard lack the newest types
        mine = {key: number for key, number in mine.items() if number % 100 <= 23 or key in counterpart}
    assert mine.items() <= counterpart.items()


SAMPLES: dict[int, object] = {
    FieldDescriptor.TYPE_STRING: "text",
    FieldDescriptor.TYPE_BYTES: b"\xff\x00",
    FieldDescriptor.TYPE_BOOL: True,
    FieldDescriptor.TYPE_ENUM: 1,
}


def fill(message: Message, depth: int = 0) -> None:
    """Set every field that can be set at once, two elements in each list; the last of each oneof stays."""
    for field in message.DESCRIPTOR.fields:
        inner = field.message_type
        if inner is not None and (depth > 4 or inner.full_name.startswith("google.")):
            continue
        if inner is not None and inner.GetOptions().map_entry:
            values = getattr(message, field.name)
            value_type = inner.fields_by_name["value"].message_type
            if value_type is None:
                values["key"] = "value"
            elif not value_type.full_name.startswith("google."):
                fill(values["key"], depth + 2)
        elif inner is not None and is_repeated(field):
            for _ in range(2):
                fill(getattr(message, field.name).add(), depth + 2)
        elif inner is not None:
            getattr(message, field.name).SetInParent()
            fill(getattr(message, field.name), depth + 1)
        else:
            value = SAMPLES.get(field.type, 300)
            if f"{message.DESCRIPTOR.name}.{field.name}" in KEPT_AS_BYTES:
                value = b""  # an empty message
            if is_repeated(field):
                getattr(message, field.name).extend([value, value])
            else:
                setattr(message, field.name, value)


def message_class(modules: list[ModuleType], name: str) -> type[Message]:
    top, *nested = name.split(".")
    found = next(getattr(module, top) for module in modules if hasattr(module, top))
    for part in nested:
        found = getattr(found, part)
    return found


@pytest.mark.parametrize("name", sorted(n for n in OUR_MESSAGES if not n.endswith("Entry")))
def test_tensorboard_reads_our_bytes_and_writes_them_again(name: str, theirs: list[ModuleType]) -> None:
    ours = message_class(OURS, name)()
    fill(ours)
    data = ours.SerializeToString(deterministic=True)
    assert data
    again = message_class(theirs, name).FromString(data).SerializeToString(deterministic=True)
    assert again == data


def test_hparam_values_are_read_by_tensorboard(theirs: list[ModuleType]) -> None:
    ours = hparams_pb2.HParamsPluginData()
    ours.session_start_info.hparams["lr"].number_value = 0.1
    ours.session_start_info.hparams["bn"].bool_value = True
    read = message_class(theirs, "HParamsPluginData").FromString(ours.SerializeToString())
    assert read.session_start_info.hparams["lr"].number_value == 0.1
    assert read.session_start_info.hparams["bn"].bool_value is True


def test_fields_we_do_not_know_survive() -> None:
    unknown = b"\x22\x03new"  # field 4, which our FunctionDefLibrary does not have
    assert graph_pb2.FunctionDefLibrary.FromString(unknown).SerializeToString() == unknown


def test_names_of_files_and_messages_are_our_own() -> None:
    for module in OURS:
        assert re.fullmatch(r"tbevents/_proto/\w+\.proto", module.DESCRIPTOR.name)
        assert module.DESCRIPTOR.package == "tbevents"


def test_the_public_module_names_every_message_and_enum() -> None:
    tops = {
        name
        for module in OURS
        for name in [*module.DESCRIPTOR.message_types_by_name, *module.DESCRIPTOR.enum_types_by_name]
    }
    assert set(tbevents.proto.__all__) == tops
    assert all(hasattr(tbevents.proto, name) for name in tops)


def test_constructors_say_their_module_in_pure_python_too() -> None:
    code = """
import pydoc, tbevents.proto
def constructors(message):
    yield message.__init__.__module__
    for nested in message.DESCRIPTOR.nested_types:
        yield from constructors(getattr(message, nested.name))
messages = [value for value in vars(tbevents.proto).values() if hasattr(value, "FromString")]
found = {name for message in messages for name in constructors(message)}
assert all(name.startswith("tbevents._proto.") for name in found), found
print(pydoc.plain(pydoc.render_doc(tbevents.proto.Summary.Value)).splitlines()[0])
"""
    env = {**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=env).stdout
    assert "Value" in out


@pytest.mark.parametrize("path", sorted((ROOT / "proto").glob("*.proto")), ids=lambda path: path.name)
def test_every_field_has_a_comment_above_it(path: Path) -> None:
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    fields = [
        index
        for index, line in enumerate(lines)
        if re.match(r"(repeated |map<.*> |[\w.]+ )+\w+ = \d+;", line) and not line.startswith(("//", "option"))
    ]
    assert fields
    assert [lines[index] for index in fields if not lines[index - 1].startswith("//")] == []


@pytest.fixture
def regenerate() -> ModuleType:
    module = load_script(ROOT / "proto" / "regenerate.py")
    if not module.PACKAGE.is_dir():
        pytest.skip("an installed tbevents is tested: the generated code is not beside its sources")
    return module


def test_the_generated_files_and_their_sources_have_the_recorded_hashes(regenerate: ModuleType) -> None:
    assert regenerate.stale_by_hash() == []


def test_the_generated_files_are_what_the_sources_give(regenerate: ModuleType) -> None:
    if not regenerate.available():
        pytest.skip(f"needs grpcio-tools {regenerate.GRPCIO_TOOLS}; the hashes are compared all the same")
    assert regenerate.stale_by_content() == []


@pytest.mark.parametrize(
    ("folder", "name", "expected"),
    [
        ("proto", "event.proto", "event.proto: changed"),
        ("proto", "new.proto", "new.proto: new or missing"),
        ("generated", "event_pb2.py", "event_pb2.py: changed"),
        ("generated", "event_pb2.pyi", "event_pb2.pyi: changed"),
    ],
)
def test_a_changed_source_or_a_hand_edited_file_is_stale(
    folder: str, name: str, expected: str, regenerate: ModuleType, tmp_path: Path
) -> None:
    for attribute, copy in (("SOURCES", tmp_path / "proto"), ("PACKAGE", tmp_path / "generated")):
        copy.mkdir()
        for path in getattr(regenerate, attribute).glob("*.*"):
            (copy / path.name).write_bytes(path.read_bytes())
        setattr(regenerate, attribute, copy)
    assert regenerate.stale_by_hash() == []
    with (tmp_path / folder / name).open("a", encoding="utf-8") as file:
        file.write("// one more line\n")
    assert regenerate.stale_by_hash() == [expected]


def test_line_ends_of_a_checkout_do_not_count(regenerate: ModuleType) -> None:
    assert regenerate.digest(b"a\r\nb\r\n") == regenerate.digest(b"a\nb\n") != regenerate.digest(b"a\nb")
