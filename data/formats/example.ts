/**
 * The protocol buffers message tf.train.Example (tensorflow/core/example): a map from names to features, each a list
 * of bytes, of floats or of int64.
 *
 *     Example { Features features = 1 }              Feature { BytesList = 1 | FloatList = 2 | Int64List = 3 }
 *     Features { map<string, Feature> feature = 1 }  each list { repeated value = 1 }
 */
import { PbfReader, PbfWriter } from 'pbf'

/** A feature of one value; empty for an empty list and for a list of floats, which reads do not have. */
export type Feature = {
  bytes?: Uint8Array
  int64?: number
}

/**
 * The features of a message, the first value of each.
 * @throws Error when the bytes are not such a message.
 */
export function decodeExample(message: Uint8Array): Map<string, Feature> {
  return new PbfReader(message).readFields(readExample, new Map<string, Feature>())
}

function readExample(tag: number, features: Map<string, Feature>, pbf: PbfReader): void {
  if (tag === 1) pbf.readMessage(readFeatures, features)
}

function readFeatures(tag: number, features: Map<string, Feature>, pbf: PbfReader): void {
  if (tag !== 1) return
  const { key, feature } = pbf.readMessage(readEntry, { key: '', feature: {} })
  features.set(key, feature)
}

function readEntry(tag: number, entry: { key: string; feature: Feature }, pbf: PbfReader): void {
  if (tag === 1) entry.key = pbf.readString()
  else if (tag === 2) pbf.readMessage(readFeature, entry.feature)
}

function readFeature(tag: number, feature: Feature, pbf: PbfReader): void {
  if (tag === 1) pbf.readMessage(readBytesList, feature)
  else if (tag === 3) pbf.readMessage(readInt64List, feature)
}

function readBytesList(tag: number, feature: Feature, pbf: PbfReader): void {
  if (tag === 1) feature.bytes ??= pbf.readBytes()
}

function readInt64List(tag: number, feature: Feature, pbf: PbfReader): void {
  if (tag === 1) feature.int64 ??= pbf.readPackedVarint([], true)[0]
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
