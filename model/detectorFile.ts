/**
 * A detector in one file: its fitted scores, and what else belongs to it. It is a safetensors file; what is no tensor
 * stands as JSON in its metadata, so that other programs can read it, too.
 */
import { open } from 'node:fs/promises'
import { checkString, parseJson } from '../data/index.js'
import type { StoredArray, StoredScore } from '../eval/scores/index.js'
import {
  CheckpointError,
  readSafetensors,
  type Safetensors,
  type StoredTensor,
  type StoredTensors,
  tensorOf,
  writeSafetensors,
} from './checkpoint/index.js'

/** What a file of a detector holds. */
export type DetectorFile = {
  /** The scores, in the order in which tables show them; a score that is computed from others comes after them. */
  readonly scores: readonly StoredScore[]
  /** Everything else by name, such as the parameters of networks; no name begins with `scores.`. */
  readonly tensors: StoredTensors
  /** What else is to be said, such as `genera` and `description`. The keys `format` and `scores` are the file's. */
  readonly metadata: Readonly<Record<string, string>>
}

const formatName = 'xenograd-detector-1'
const prefix = 'scores.'

/** A score in the metadata: its arrays are the tensors `scores.NAME.ARRAY`. */
type ScoreEntry = Omit<StoredScore, 'arrays'> & { readonly arrays: readonly string[] }

const tensorName = (score: string, array: string): string => `${prefix}${score}.${array}`

/**
 * Writes a detector, whole or not at all.
 * @throws CheckpointError when two scores have one name or a tensor has a name of the scores'; Error when the file cannot
 * be written.
 */
export async function writeDetectorFile(
  path: string,
  { scores, tensors, metadata }: DetectorFile,
): Promise<void> {
  const all = new Map<string, StoredTensor>(tensors)
  for (const name of tensors.keys())
    if (name.startsWith(prefix))
      throw new CheckpointError(path, `tensor ${name}: names that begin with ${prefix} are for scores`)
  for (const { name, arrays } of scores)
    for (const [array, data] of Object.entries(arrays)) {
      const key = tensorName(name, array)
      if (all.has(key))
        throw new CheckpointError(path, `two scores are called ${name}; each needs a name of its own`)
      all.set(key, tensorOf(data, [data.length]))
    }
  const entries: ScoreEntry[] = scores.map(({ kind, name, settings, arrays }) => ({
    kind,
    name,
    settings,
    arrays: Object.keys(arrays),
  }))
  await writeSafetensors(path, {
    tensors: new Map(
      Array.from(all, ([name, { dtype, shape, data }]) => [name, { dtype, shape, data: async () => data }]),
    ),
    metadata: { ...metadata, format: formatName, scores: JSON.stringify(entries) },
  })
}

/**
 * Reads what `writeDetectorFile` has written.
 * @throws CheckpointError for a missing, damaged or foreign file; TypeError for what is no path.
 */
export async function readDetectorFile(path: string): Promise<DetectorFile> {
  checkString('loadDetector', 'the path of a detector', path)
  return detectorContents(path, await readSafetensors(path))
}

/** What a safetensors file holds, as a detector's. `path` names it in errors. @throws CheckpointError for another file. */
export function detectorContents(path: string, { tensors, metadata }: Safetensors): DetectorFile {
  const { format, scores: text, ...others } = metadata
  if (format !== formatName)
    throw new CheckpointError(
      path,
      `a safetensors file, but no detector: its metadata has format '${format ?? 'none'}', wanted '${formatName}'`,
    )
  const large: StoredArray[] = []
  const scores = parseEntries(path, text).map(({ kind, name, settings, arrays }) => ({
    kind,
    name,
    settings,
    arrays: Object.fromEntries(
      arrays.map(array => [array, onceOf(arrayOf(path, tensors, tensorName(name, array)), large)]),
    ),
  }))
  const rest = new Map([...tensors].filter(([name]) => !name.startsWith(prefix)))
  return { scores, tensors: rest, metadata: others }
}

/** Arrays of more bytes are kept in memory once: scores of the same genomes each have them in the file. */
const smallBytes = 1 << 16

/** An array, or an equal one among those that are kept in `large`. */
function onceOf(array: StoredArray, large: StoredArray[]): StoredArray {
  if (array.byteLength <= smallBytes) return array
  const known = large.find(known => areEqual(known, array))
  if (!known) large.push(array)
  return known ?? array
}

function areEqual(one: StoredArray, other: StoredArray): boolean {
  if (one.constructor !== other.constructor || one.length !== other.length) return false
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false
  return true
}

/** Whether there is a detector at a path, and not a model or nothing, as far as its first bytes say. */
export async function isDetectorFile(path: string): Promise<boolean> {
  const file = await open(path).catch(() => undefined)
  try {
    // The header is JSON in which the metadata come first (`writeSafetensors`).
    const { buffer } = (await file?.read(Buffer.alloc(headBytes), 0).catch(() => undefined)) ?? {}
    return buffer !== undefined && isDetector(buffer)
  } finally {
    await file?.close()
  }
}

/** So much of a file has its metadata in it. */
const headBytes = 1 << 16

/** Whether the bytes of a safetensors file are those of a detector, and not of a model, as far as the first ones say. */
export const isDetector = (bytes: Uint8Array): boolean =>
  new TextDecoder('latin1').decode(bytes.subarray(0, headBytes)).includes(`"format":"${formatName}"`)

/** The table of scores in the metadata. @throws CheckpointError when it is none. */
function parseEntries(path: string, text: string | undefined): ScoreEntry[] {
  let entries: unknown
  try {
    entries = parseJson(text ?? '')
  } catch (cause) {
    throw new CheckpointError(path, `its list of scores is ${(cause as Error).message}`, { cause })
  }
  if (!Array.isArray(entries) || !entries.every(isEntry))
    throw new CheckpointError(
      path,
      'its list of scores does not give each a kind, a name, settings and arrays',
    )
  return entries
}

function isEntry(value: unknown): value is ScoreEntry {
  if (typeof value !== 'object' || value === null) return false
  const { kind, name, settings, arrays } = value as Record<string, unknown>
  return (
    typeof kind === 'string' &&
    typeof name === 'string' &&
    typeof settings === 'object' &&
    settings !== null &&
    Array.isArray(arrays) &&
    arrays.every(array => typeof array === 'string')
  )
}

/** The data of an array of a score. @throws CheckpointError when it is missing, or of a type that no score has. */
function arrayOf(path: string, tensors: StoredTensors, name: string): StoredArray {
  const tensor = tensors.get(name)
  if (tensor === undefined) throw new CheckpointError(path, `tensor ${name} is missing (truncated?)`)
  switch (tensor.dtype) {
    case 'U8':
    case 'I32':
    case 'U32':
    case 'F32':
    case 'F64':
      return tensor.data
    default:
      throw new CheckpointError(
        path,
        `tensor ${name} is ${tensor.dtype}; scores have U8, I32, U32, F32 or F64`,
      )
  }
}
