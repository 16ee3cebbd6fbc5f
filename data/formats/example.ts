/**
 * The protocol buffers message tf.train.Example (tensorflow/core/example): a map from names to features, each a list
 * of bytes, of floats or of int64.
 *
 *     Example { Features features = 1 }              Feature { BytesList = 1 | FloatList = 2 | Int64List = 3 }
 *     Features { map<string, Feature> feature = 1 }  each list { repeated value = 1 }
 */
import { PbfReader, PbfWriter } from 'pbf'
import { type FieldReaders, readMessage, readVarint } from '../io/protobuf.js'

/** A feature of one value. */
export type Feature = {
  bytes?: Uint8Array
  int64?: number
}

/** The values of a feature. Floats, which reads do not have, are left out. */
export type Values = {
  readonly bytes: Uint8Array[]
  readonly int64: number[]
}

/**
 * The features of a message, by their names; the last one where a name stands twice, as protocol buffers want it.
 * @throws Error when the bytes are not such a message.
 */
export const decodeExample = (message: Uint8Array): Map<string, Values> =>
  readMessage(new PbfReader(message), exampleFields, new Map<string, Values>())

const utf8 = new TextDecoder()

const bytesListFields: FieldReaders<Values> = {
  1: { bytes: (values, pbf, end) => values.bytes.push(pbf.buf.subarray(pbf.pos, end)) },
}

const int64ListFields: FieldReaders<Values> = {
  1: {
    varint: (values, value) => values.int64.push(value),
    bytes: (values, pbf, end) => {
      while (pbf.pos < end) values.int64.push(readVarint(pbf))
    },
  },
}

const featureFields: FieldReaders<Values> = {
  1: { bytes: (values, pbf, end) => readMessage(pbf, bytesListFields, values, end) },
  2: { bytes: () => {} },
  3: { bytes: (values, pbf, end) => readMessage(pbf, int64ListFields, values, end) },
}

type Entry = { key: string; readonly values: Values }

const entryFields: FieldReaders<Entry> = {
  1: {
    bytes: (entry, pbf, end) => {
      entry.key = utf8.decode(pbf.buf.subarray(pbf.pos, end))
    },
  },
  2: { bytes: ({ values }, pbf, end) => readMessage(pbf, featureFields, values, end) },
}

const featuresFields: FieldReaders<Map<string, Values>> = {
  1: {
    bytes: (features, pbf, end) => {
      const entry: Entry = { key: '', values: { bytes: [], int64: [] } }
      readMessage(pbf, entryFields, entry, end)
      features.set(entry.key, entry.values)
    },
  },
}

const exampleFields: FieldReaders<Map<string, Values>> = {
  1: { bytes: (features, pbf, end) => readMessage(pbf, featuresFields, features, end) },
}

/** The message of features of one value each, in the map's order. */
export function encodeExample(features: ReadonlyMap<string, Feature>): Uint8Array {
  const pbf = new PbfWriter()
  pbf.writeMessage(1, writeFeatures, features)
  return pbf.finish()
}

function writeFeatures(features: ReadonlyMap<string, Feature>, pbf: PbfWriter): void {
  for (const entry of features) pbf.writeMessage(1, writeEntry, entry)
}

function writeEntry([key, feature]: [string, Feature], pbf: PbfWriter): void {
  pbf.writeStringField(1, key)
  pbf.writeMessage(2, writeFeature, feature)
}

function writeFeature({ bytes, int64 }: Feature, pbf: PbfWriter): void {
  if (bytes !== undefined) pbf.writeMessage(1, (value, list) => list.writeBytesField(1, value), bytes)
  if (int64 !== undefined) pbf.writeMessage(3, (value, list) => list.writePackedVarint(1, [value]), int64)
}
