"""Event files of the folders named in the JSON on standard input, read without any code of ours: checksums are computed
bit by bit, messages parsed by Google's protobuf with the schema below. Per folder: scalars and histograms by tag, after
TensorBoard's rule that a SessionLog START drops what earlier files say of its step and later ones; hyperparameters."""

import json
import os
import struct
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, struct_pb2

F = descriptor_pb2.FieldDescriptorProto
TYPES = {"double": F.TYPE_DOUBLE, "float": F.TYPE_FLOAT, "int64": F.TYPE_INT64, "int32": F.TYPE_INT32,
         "string": F.TYPE_STRING, "bytes": F.TYPE_BYTES}
# Name, number, type; [] for repeated. Oneofs matter for writers only.
SCHEMA = {
    "Event": "wall_time 1 double, step 2 int64, file_version 3 string, summary 5 Summary, session_log 7 SessionLog",
    "SessionLog": "status 1 int32",
    "Summary": "value 1 []SummaryValue",
    "SummaryValue": "tag 1 string, simple_value 2 float, histo 5 Histogram, tensor 8 Tensor, metadata 9 Metadata",
    "Histogram": "min 1 double, max 2 double, num 3 double, sum 4 double, sum_squares 5 double, bucket_limit 6 []double, bucket 7 []double",
    "Tensor": "dtype 1 int32, tensor_shape 2 Shape, float_val 5 []float",
    "Shape": "dim 2 []Dim",
    "Dim": "size 1 int64",
    "Metadata": "plugin_data 1 PluginData, data_class 4 int32",
    "PluginData": "plugin_name 1 string, content 2 bytes",
    "HParams": "version 1 int32, session_start_info 3 Start, session_end_info 4 End",
    "Start": "hparams 1 []Hparam, start_time_secs 5 double",
    "Hparam": "key 1 string, value 2 google.protobuf.Value",
    "End": "status 1 int32, end_time_secs 2 double",
}


def messages():
    file = descriptor_pb2.FileDescriptorProto(name="events.proto", package="t", syntax="proto2",
                                              dependency=["google/protobuf/struct.proto"])
    for name, fields in SCHEMA.items():
        message = file.message_type.add(name=name)
        for field in fields.split(", "):
            label, number, kind = field.split()
            repeated = kind.startswith("[]")
            kind = kind.removeprefix("[]")
            f = message.field.add(name=label, number=int(number), label=F.LABEL_REPEATED if repeated else F.LABEL_OPTIONAL)
            if kind in TYPES:
                f.type = TYPES[kind]
            else:
                f.type = F.TYPE_MESSAGE
                f.type_name = "." + kind if "." in kind else ".t." + kind
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    get = getattr(message_factory, "GetMessageClass", None) or message_factory.MessageFactory(pool).GetPrototype
    return lambda name: get(pool.FindMessageTypeByName("t." + name))


def masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(path):
    with open(path, "rb") as file:
        data = file.read()
    position = 0
    while position < len(data):
        header = data[position:position + 8]
        (length,) = struct.unpack("<Q", header)
        payload = data[position + 12:position + 12 + length]
        crcs = struct.unpack("<I", data[position + 8:position + 12]) + struct.unpack(
            "<I", data[position + 12 + length:position + 16 + length])
        assert crcs == (masked_crc(header), masked_crc(payload)), path
        position += 16 + length
        yield payload


def plain(value):
    return getattr(value, value.WhichOneof("kind"))


def read(folder, message):
    scalars, histograms, hparams, status, versions, raw = {}, {}, None, None, [], 0
    for name in sorted(n for n in os.listdir(folder) if "tfevents" in n):
        for i, payload in enumerate(records(os.path.join(folder, name))):
            event = message("Event").FromString(payload)
            assert event.wall_time > 1.7e9
            if i == 0:
                versions.append(event.file_version)
            if event.session_log.status == 1:
                for series in [*scalars.values(), *histograms.values()]:
                    series[:] = [point for point in series if point["step"] < event.step]
            for value in event.summary.value:
                if value.HasField("simple_value"):
                    raw += 1
                    scalars.setdefault(value.tag, []).append({"step": event.step, "value": value.simple_value})
                elif value.HasField("histo"):
                    h = value.histo
                    point = {"step": event.step, "limits": list(h.bucket_limit), "counts": list(h.bucket)}
                    point.update({k: getattr(h, k) for k in ("min", "max", "num", "sum", "sum_squares")})
                    histograms.setdefault(value.tag, []).append(point)
                else:
                    plugin = value.metadata.plugin_data
                    assert (plugin.plugin_name, value.metadata.data_class) == ("hparams", 2)
                    assert (value.tensor.dtype, [d.size for d in value.tensor.tensor_shape.dim]) == (1, [1])
                    data = message("HParams").FromString(plugin.content)
                    if value.tag == "_hparams_/session_start_info":
                        hparams = {h.key: plain(h.value) for h in data.session_start_info.hparams}
                    if value.tag == "_hparams_/session_end_info":
                        status = data.session_end_info.status
    return {"scalars": scalars, "histograms": histograms, "hparams": hparams, "status": status,
            "versions": versions, "raw": raw}


message = messages()
print(json.dumps({folder: read(folder, message) for folder in json.load(sys.stdin)}))
