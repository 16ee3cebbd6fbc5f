/**
 * The safetensors format (https://github.com/huggingface/safetensors): a little-endian u64 with the header's length,
 * the header as JSON `{name: {dtype, shape, data_offsets: [begin, end]}, "__metadata__": {string: string}}` padded
 * with spaces, then the tensors' bytes, which cover the rest of the file without gap or overlap.
 */
import { readFile } from 'node:fs/promises'
import { parseJson, writeChunks } from '../../data/index.js'
import {
  bytesOf,
  CheckpointError,
  checkTensor,
  elementBytes,
  elementCount,
  isStoredDtype,
  type StoredDtype,
  type StoredTensor,
  type StoredTensors,
  showShape,
  storedDtypes,
  storedTensor,
} from './tensors.js'

export type Safetensors = {
  tensors: StoredTensors
  metadata: Readonly<Record<string, string>>
}

/** A tensor that is to be written: its data are asked for when it is written, and then let go of. */
export type TensorToWrite = {
  readonly dtype: StoredDtype
  readonly shape: readonly number[]
  data(): Promise<StoredTensor['data']>
}

export type SafetensorsToWrite = {
  tensors: ReadonlyMap<string, TensorToWrite>
  metadata: Readonly<Record<string, string>>
}

const metadataKey = '__metadata__'

/**
 * The bytes of a safetensors file: the header, then each tensor. Wide dtypes come first, then names in order, as the
 * original writer has it: every tensor is then aligned to its element, and equal contents give equal bytes.
 * @throws CheckpointError (naming `file`) for data that do not fill their shape.
 */
export async function* encodeSafetensors(
  { tensors, metadata }: SafetensorsToWrite,
  file = 'safetensors',
): AsyncGenerator<Uint8Array> {
  const sorted = [...tensors].sort(
    ([a, s], [b, t]) => elementBytes(t.dtype) - elementBytes(s.dtype) || (a < b ? -1 : 1),
  )
  yield encodeHeader(sorted, metadata, file)
  for (const [name, { dtype, shape, data }] of sorted) {
    const tensor = { dtype, shape, data: await data() } as StoredTensor
    checkTensor(file, name, tensor)
    yield bytesOf(tensor)
  }
}

function encodeHeader(
  tensors: readonly (readonly [string, TensorToWrite])[],
  metadata: Readonly<Record<string, string>>,
  file: string,
): Uint8Array {
  const header: [string, unknown][] = Object.keys(metadata).length ? [[metadataKey, metadata]] : []
  let end = 0
  for (const [name, { dtype, shape }] of tensors) {
    if (name === metadataKey) throw new CheckpointError(file, `a tensor cannot be called ${metadataKey}`)
    const begin = end
    end += elementCount(shape) * elementBytes(dtype)
    header.push([name, { dtype, shape, data_offsets: [begin, end] }])
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)))
  const length = Math.ceil(json.length / 8) * 8
  const bytes = new Uint8Array(8 + length).fill(0x20)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true)
  bytes.set(json, 8)
  return bytes
}

/**
 * The tensors (copied) and metadata of a safetensors file. `file` names it in errors.
 * @throws CheckpointError for anything that is not exactly such a file: a header beyond the end, bad JSON, unknown
 * dtypes, offsets that leave the data, overlap, leave gaps or disagree with dtype and shape, bytes missing or left over.
 */
export function decodeSafetensors(bytes: Uint8Array, file = 'safetensors'): Safetensors {
  const { header, data } = splitHeader(bytes, file)
  const tensors = new Map<string, StoredTensor>()
  let metadata: Record<string, string> = {}
  const spans: { name: string; begin: number; end: number }[] = []
  for (const [name, value] of Object.entries(header)) {
    if (name === metadataKey) {
      metadata = checkMetadata(value, file)
      continue
    }
    const { dtype, shape, begin, end } = checkEntry(value, name, data.length, file)
    spans.push({ name, begin, end })
    tensors.set(name, storedTensor(dtype, shape, new Uint8Array(data.subarray(begin, end))))
  }
  checkCoverage(spans, data.length, file)
  return { tensors, metadata }
}

/** Read and decode a file. @throws CheckpointError when it is missing, damaged or foreign. */
export async function readSafetensors(path: string): Promise<Safetensors> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (cause) {
    throw new CheckpointError(path, `cannot read the checkpoint: ${(cause as Error).message}`, { cause })
  }
  return decodeSafetensors(bytes, path)
}

/**
 * Write a file, whole or not at all, with one or two tensors' data in memory at a time.
 * @throws CheckpointError as `encodeSafetensors`; Error when the file cannot be written.
 */
export const writeSafetensors = async (path: string, contents: SafetensorsToWrite): Promise<void> =>
  writeChunks(path, encodeSafetensors(contents, path))

function splitHeader(bytes: Uint8Array, file: string): { header: Record<string, unknown>; data: Uint8Array } {
  if (bytes.length < 8) {
    throw new CheckpointError(file, `${bytes.length} bytes are too few for a safetensors file (truncated?)`)
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  if (length > BigInt(bytes.length - 8)) {
    throw new CheckpointError(
      file,
      `the header should have ${length} bytes, only ${bytes.length - 8} follow (truncated, or not safetensors)`,
    )
  }
  const data = bytes.subarray(8 + Number(length))
  const header = parseHeader(bytes.subarray(8, 8 + Number(length)), file)
  if (!isObject(header)) throw new CheckpointError(file, 'the header is not a JSON object')
  return { header, data }
}

function parseHeader(json: Uint8Array, file: string): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(json)
  } catch (cause) {
    throw new CheckpointError(file, 'the header is not UTF-8 (damaged, or not safetensors)', { cause })
  }
  try {
    return parseJson(text)
  } catch (cause) {
    throw new CheckpointError(
      file,
      `the header is ${(cause as Error).message} (damaged, or not safetensors)`,
      { cause },
    )
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function checkMetadata(value: unknown, file: string): Record<string, string> {
  if (!isObject(value) || !Object.values(value).every(text => typeof text === 'string')) {
    throw new CheckpointError(file, `${metadataKey} does not map strings to strings`)
  }
  return value as Record<string, string>
}

function checkEntry(
  value: unknown,
  name: string,
  dataLength: number,
  file: string,
): { dtype: StoredDtype; shape: number[]; begin: number; end: number } {
  const fail = (problem: string): never => {
    throw new CheckpointError(file, `tensor ${name}: ${problem}`)
  }
  if (!isObject(value)) return fail('its header entry is not an object')
  const { dtype, shape, data_offsets: offsets } = value
  for (const needed of ['dtype', 'shape', 'data_offsets'])
    if (!Object.hasOwn(value, needed)) fail(`its header entry has no ${needed}`)
  if (!isStoredDtype(dtype)) {
    return fail(`dtype ${JSON.stringify(dtype)} is not supported (${storedDtypes.join(', ')} are)`)
  }
  const count = Array.isArray(shape) ? elementCount(shape) : Number.NaN
  if (Number.isNaN(count)) return fail(`shape ${JSON.stringify(shape)} is not a list of sizes`)
  const [begin, end] = Array.isArray(offsets) && offsets.length === 2 ? offsets : []
  if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end) || begin < 0 || begin > end) {
    return fail(`data_offsets ${JSON.stringify(offsets)} are not [begin, end]`)
  }
  if (end > dataLength) {
    return fail(`its bytes ${begin} to ${end} leave the ${dataLength} bytes of data (truncated?)`)
  }
  const wanted = count * elementBytes(dtype)
  if (end - begin !== wanted) {
    return fail(`${dtype} ${showShape(shape as number[])} takes ${wanted} bytes, it has ${end - begin}`)
  }
  return { dtype, shape: shape as number[], begin, end }
}

function checkCoverage(
  spans: { name: string; begin: number; end: number }[],
  dataLength: number,
  file: string,
): void {
  let covered = 0
  for (const { name, begin, end } of spans.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) {
      const fault = begin < covered ? 'overlaps the tensor before it' : 'leaves a gap before it'
      throw new CheckpointError(
        file,
        `tensor ${name}: begins at byte ${begin}, wanted ${covered}: it ${fault}`,
      )
    }
    covered = end
  }
  if (covered !== dataLength) {
    throw new CheckpointError(file, `${dataLength - covered} bytes after the last tensor belong to none`)
  }
}
