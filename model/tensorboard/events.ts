/**
 * Messages of TensorBoard's event files, as far as a training needs them
 * (github.com/tensorflow/tensorboard, compat/proto and plugins/hparams):
 *
 *     Event { double wall_time = 1; int64 step = 2; string file_version = 3 | Summary summary = 5 | SessionLog session_log = 7 }
 *     SessionLog { status = 1 }                               1 is START
 *     Summary { repeated Value value = 1 }
 *     Value { string tag = 1; float simple_value = 2 | HistogramProto histo = 5 | TensorProto tensor = 8; SummaryMetadata metadata = 9 }
 *     HistogramProto { double min = 1, max = 2, num = 3, sum = 4, sum_squares = 5; repeated double bucket_limit = 6, bucket = 7 }
 *     SummaryMetadata { PluginData plugin_data = 1 { string plugin_name = 1; bytes content = 2 }; DataClass data_class = 4 }
 *     HParamsPluginData { SessionStartInfo session_start_info = 3 | SessionEndInfo session_end_info = 4 }
 *     SessionStartInfo { map<string, Value> hparams = 1; double start_time_secs = 5 }
 *     SessionEndInfo { Status status = 1; double end_time_secs = 2 }
 *     google.protobuf.Value { double number_value = 2 | string string_value = 3 | bool bool_value = 4 }
 */
import { PbfWriter } from 'pbf'
import type { Histogram } from './histogram.js'

/** What is shown under a name: a number, a histogram, or what the settings and the end of a training are. */
export type SummaryValue = { readonly tag: string } & (
  | { readonly scalar: number }
  | { readonly histogram: Histogram }
  | { readonly hparams: Uint8Array }
)

/** What an event says, beside its time and its step. */
export type EventContent =
  | { readonly fileVersion: string }
  | { readonly sessionStart: true }
  | { readonly values: readonly SummaryValue[] }

/** The bytes of an Event. `seconds`: since 1970. */
export function encodeEvent(seconds: number, step: number, content: EventContent): Uint8Array {
  const pbf = new PbfWriter()
  pbf.writeDoubleField(1, seconds)
  pbf.writeVarintField(2, step)
  if ('fileVersion' in content) pbf.writeStringField(3, content.fileVersion)
  else if ('sessionStart' in content) pbf.writeMessage(7, (_, log) => log.writeVarintField(1, 1), content)
  else pbf.writeMessage(5, writeSummary, content.values)
  return pbf.finish()
}

function writeSummary(values: readonly SummaryValue[], pbf: PbfWriter): void {
  for (const value of values) pbf.writeMessage(1, writeValue, value)
}

function writeValue(value: SummaryValue, pbf: PbfWriter): void {
  pbf.writeStringField(1, value.tag)
  if ('scalar' in value) pbf.writeFloatField(2, value.scalar)
  else if ('histogram' in value) pbf.writeMessage(5, writeHistogram, value.histogram)
  else {
    pbf.writeMessage(8, writeNullTensor, value)
    pbf.writeMessage(9, writeHparamsMetadata, value.hparams)
  }
}

function writeHistogram(histogram: Histogram, pbf: PbfWriter): void {
  const { min, max, num, sum, sumSquares, bucketLimit, bucket } = histogram
  for (const [i, x] of [min, max, num, sum, sumSquares].entries()) pbf.writeDoubleField(i + 1, x)
  pbf.writePackedDouble(6, [...bucketLimit])
  pbf.writePackedDouble(7, [...bucket])
}

/** A float32 [1] of 0: what the plugin has beside its metadata. TensorProto { dtype = 1; shape = 2; float_val = 5 } */
function writeNullTensor(_: unknown, pbf: PbfWriter): void {
  pbf.writeVarintField(1, 1)
  pbf.writeMessage(
    2,
    (_, shape) => shape.writeMessage(2, (_, dimension) => dimension.writeVarintField(1, 1), undefined),
    undefined,
  )
  pbf.writePackedFloat(5, [0])
}

function writeHparamsMetadata(content: Uint8Array, pbf: PbfWriter): void {
  pbf.writeMessage(
    1,
    (_, plugin) => {
      plugin.writeStringField(1, 'hparams')
      plugin.writeBytesField(2, content)
    },
    undefined,
  )
  pbf.writeVarintField(4, 2) // DATA_CLASS_TENSOR
}

/** What the settings of a training may be. */
export type Hparams = Readonly<Record<string, number | string | boolean>>

/** The settings of a training that begins, for the plugin of hyperparameters. */
export function sessionStart(hparams: Hparams, seconds: number): SummaryValue {
  const pbf = new PbfWriter()
  pbf.writeMessage(
    3,
    (_, info) => {
      for (const entry of Object.entries(hparams)) info.writeMessage(1, writeHparam, entry)
      info.writeDoubleField(5, seconds)
    },
    undefined,
  )
  return { tag: '_hparams_/session_start_info', hparams: pbf.finish() }
}

function writeHparam([name, value]: [string, number | string | boolean], pbf: PbfWriter): void {
  pbf.writeStringField(1, name)
  pbf.writeMessage(
    2,
    (_, field) => {
      if (typeof value === 'number') field.writeDoubleField(2, value)
      else if (typeof value === 'string') field.writeStringField(3, value)
      else field.writeBooleanField(4, value)
    },
    undefined,
  )
}

/** That a training has come to its end. */
export function sessionEnd(seconds: number): SummaryValue {
  const pbf = new PbfWriter()
  pbf.writeMessage(
    4,
    (_, info) => {
      info.writeVarintField(1, 1) // STATUS_SUCCESS
      info.writeDoubleField(2, seconds)
    },
    undefined,
  )
  return { tag: '_hparams_/session_end_info', hparams: pbf.finish() }
}
