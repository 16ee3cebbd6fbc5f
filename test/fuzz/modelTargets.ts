/** Readers of models: safetensors and TensorFlow checkpoints, damaged as they are and with their checksums made right. */
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { maskedCrc32c } from '../../data/index.js'
import { type Cell, leaves, type OnnxGraph } from '../../engine/index.js'
import { lstm } from '../../model/cells/lstm.js'
import { peepholeLstm } from '../../model/cells/peepholeLstm.js'
import {
  decodeOnnx,
  decodeSafetensors,
  encodeSafetensors,
  readTensorFlowCheckpoint,
  type StoredTensor,
  type StoredTensors,
  writeTensorFlowCheckpoint,
} from '../../model/checkpoint/index.js'
import { decodeTable, encodeTable } from '../../model/checkpoint/table.js'
import { bytesOf, elementCount } from '../../model/checkpoint/tensors.js'
import {
  initialState,
  loadModel,
  saveOnnxModel,
  saveState,
  saveTorchLayout,
  toReference,
} from '../../model/index.js'
import { comparable, tensorOf } from '../model/checkpoint/arbitrary.js'
import { foreignOnnx, modelOfCell } from '../model/saved/models.js'
import { type Mutation, mutate } from './mutation.js'
import { pickOf, type Target } from './targets.js'
import { check, outcomeOf } from './verdict.js'

const folder = mkdtempSync(join(tmpdir(), 'xenograd-fuzz-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))

const options = { cell: lstm, hidden: 2 }
const state = initialState({ ...options, seed: 1 })

const modelPath = join(folder, 'model.safetensors')
await saveState(modelPath, options, state, { step: '7', seed: '1234' })
const model = new Uint8Array(await readFile(modelPath))

const torchPath = join(folder, 'torch.safetensors')
await saveTorchLayout(torchPath, await modelOfCell(lstm, { hidden: 2, embedding: true }))
const torchModel = new Uint8Array(await readFile(torchPath))

const onnxPath = join(folder, 'model.onnx')
const onnxOf = async (cell: Cell): Promise<Uint8Array> => {
  await saveOnnxModel(onnxPath, await modelOfCell(cell, { hidden: 2 }))
  return new Uint8Array(await readFile(onnxPath))
}
const onnxFiles = [await onnxOf(lstm), await onnxOf(peepholeLstm), foreignOnnx(await onnxOf(lstm))]

const few: StoredTensors = new Map([
  ['kernel', tensorOf('F32', [3, 2])],
  ['bias', tensorOf('F64', [2], i => 3 * i)],
  ['step', tensorOf('I64', [])],
  ['none', tensorOf('U8', [0, 4])],
])

const safetensorsOf = async (tensors: StoredTensors): Promise<Uint8Array> => {
  const toWrite = [...tensors].map(([name, t]) => [name, { ...t, data: async () => t.data }] as const)
  const chunks: Uint8Array[] = []
  for await (const chunk of encodeSafetensors({ tensors: new Map(toWrite), metadata: { step: '7' } }))
    chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

const fewBytes = await safetensorsOf(few)

/** A safetensors file whose header is another text, the header's length being right. */
export function withHeader(file: Uint8Array, change: (header: Uint8Array) => Uint8Array): Uint8Array {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true))
  const header = change(file.subarray(8, 8 + length))
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(header.length))
  return new Uint8Array(Buffer.concat([size, header, file.subarray(8 + length)]))
}

/** @throws Error unless tensors fill their shapes, and are where the header says. */
function checkTensors(file: Uint8Array, tensors: StoredTensors): void {
  const { length } = withHeader(file, () => new Uint8Array()) // the data, after a length
  let bytes = 0
  for (const [name, { shape, data }] of tensors) {
    check(data.length === elementCount(shape), `${name} has ${data.length} values, shape ${shape}`)
    bytes += data.byteLength
  }
  check(bytes === length - 8, `the tensors have ${bytes} of ${length - 8} bytes`)
}

/** @throws Error unless tensors fill their shapes, those of loops' bodies, too. */
function checkGraph({ nodes, initialisers }: OnnxGraph): void {
  for (const { name, shape, data } of initialisers)
    check(data.length === elementCount(shape), `${name} has ${data.length} values, shape ${shape}`)
  for (const { attributes } of nodes)
    for (const value of Object.values(attributes))
      if (typeof value === 'object' && 'nodes' in value) checkGraph(value)
}

/** @throws Error unless a model can be computed with: its numbers are finite. */
async function checkModel(path: string): Promise<boolean> {
  const loaded = await outcomeOf(() => loadModel(path))
  if (!loaded) return false
  const { cell, hidden } = loaded.options
  check(Number.isSafeInteger(hidden) && hidden > 0 && hidden < 1e4, `hidden ${hidden}`)
  for (const t of leaves(loaded.state))
    check((await t.data()).every(Number.isFinite), `cell ${cell.name}: values that are not finite`)
  return true
}

const loadedFrom = async (bytes: Uint8Array): Promise<boolean> => {
  await writeFile(modelPath, bytes)
  return checkModel(modelPath)
}

const prefix = join(folder, 'model_7.ckpt')
const [indexPath, dataPath] = [`${prefix}.index`, `${prefix}.data-00000-of-00001`]

/** Index and data of a checkpoint in one piece, as an input: the length of the index, the index, the data. */
function joined(index: Uint8Array, data: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(index.length)
  return Buffer.concat([length, index, data])
}

/** Writes such a piece to the disk, as a checkpoint. */
async function writeJoined(input: Uint8Array): Promise<void> {
  const length = Buffer.from(input).readUInt32LE(0)
  await writeFile(indexPath, input.subarray(4, 4 + length))
  await writeFile(dataPath, input.subarray(4 + length))
}

async function checkpointOf(tensors: StoredTensors): Promise<{ index: Uint8Array; data: Uint8Array }> {
  await writeTensorFlowCheckpoint(prefix, tensors)
  return { index: await readFile(indexPath), data: await readFile(dataPath) }
}

const fewCheckpoint = await checkpointOf(few)
const modelCheckpoint = await checkpointOf(await toReference(prefix, options, state))

/** Changes one of the two files. */
const changed = (
  { index, data }: { index: Uint8Array; data: Uint8Array },
  changes: readonly Mutation[],
  pick: number,
): Uint8Array => (pick % 4 ? joined(mutate(index, changes), data) : joined(index, mutate(data, changes)))

/** An index whose blocks have the checksums of what they contain, where they still have their sizes. */
function resealBlocks(index: Uint8Array, blockSizes: readonly number[]): Uint8Array {
  const sealed = Buffer.from(index)
  let end = 0
  for (const size of blockSizes) {
    end += size
    if (end + 5 > sealed.length) break
    sealed.writeUInt32LE(maskedCrc32c(sealed.subarray(end - size, end + 1)), end + 1)
    end += 5
  }
  return sealed
}

/** The sizes of an index's blocks, one after the other: they end where a checksum is right. */
function blockSizesOf(index: Uint8Array): number[] {
  const sizes: number[] = []
  let begin = 0
  for (let end = 0; end + 5 <= index.length - 48; end++)
    if (maskedCrc32c(index.subarray(begin, end + 1)) === Buffer.from(index).readUInt32LE(end + 1)) {
      sizes.push(end - begin)
      begin = end + 5
      end = begin - 1
    }
  return sizes
}

/** An index one of whose entries is another, in blocks that are right. */
function withEntry(index: Uint8Array, pick: number, changes: readonly Mutation[]): Uint8Array {
  const entries = decodeTable(index, 'index')
  const at = pick % entries.length
  const [key, value] = entries[at]
  entries[at] = pick % 5 ? [key, mutate(value, changes)] : [mutate(key, changes), value]
  return encodeTable(
    entries.sort(([a], [b]) => Buffer.compare(a, b)),
    pick % 3 ? undefined : 64,
  )
}

/** Overwrites and flips only: nothing moves, so that blocks keep their places. */
const inPlace = (changes: readonly Mutation[]): Mutation[] =>
  changes.filter(({ kind }) => kind === 'overwrite' || kind === 'flip')

const sealedIndex = (
  { index, data }: { index: Uint8Array; data: Uint8Array },
  changes: readonly Mutation[],
  pick: number,
): Uint8Array => {
  if (pick % 2) return joined(withEntry(index, pick >> 1, changes), data)
  return joined(resealBlocks(mutate(index, inPlace(changes)), blockSizesOf(index)), data)
}

export const modelTargets: readonly Target[] = [
  {
    name: 'safetensors',
    make: (changes, pick) =>
      pick % 2 ? withHeader(fewBytes, header => mutate(header, changes)) : mutate(fewBytes, changes),
    judge: async input => {
      const decoded = await outcomeOf(() => decodeSafetensors(input))
      if (!decoded) return false
      checkTensors(input, decoded.tensors)
      const again = decodeSafetensors(await safetensorsOf(decoded.tensors))
      check(comparable(again.tensors) === comparable(decoded.tensors), 'another file when written and read')
      return true
    },
  },
  {
    name: 'model',
    make: (changes, pick) =>
      pick % 4 ? withHeader(model, header => mutate(header, changes)) : mutate(model, changes),
    judge: loadedFrom,
  },
  {
    name: 'torchModel',
    make: (changes, pick) =>
      pick % 4 ? withHeader(torchModel, header => mutate(header, changes)) : mutate(torchModel, changes),
    judge: async input => {
      await writeFile(torchPath, input)
      return checkModel(torchPath)
    },
  },
  {
    name: 'onnx',
    make: (changes, pick) => mutate(pickOf(onnxFiles, pick), changes),
    judge: async input => {
      const decoded = await outcomeOf(() => decodeOnnx(input))
      if (decoded) checkGraph(decoded.graph)
      return decoded !== undefined
    },
  },
  {
    name: 'onnxModel',
    make: (changes, pick) => mutate(pickOf(onnxFiles, pick), changes),
    judge: async input => {
      await writeFile(onnxPath, input)
      return checkModel(onnxPath)
    },
  },
  {
    name: 'tensorflow',
    make: (changes, pick) => changed(fewCheckpoint, changes, pick),
    judge: async input => {
      await writeJoined(input)
      const tensors = await outcomeOf(() => readTensorFlowCheckpoint(prefix))
      // Every value has a checksum.
      if (tensors) check(comparable(tensors) === comparable(few), 'another checkpoint than was written')
      return tensors !== undefined
    },
  },
  {
    name: 'tensorflowSealed',
    make: (changes, pick) => sealedIndex(fewCheckpoint, changes, pick),
    judge: async input => {
      await writeJoined(input)
      const tensors = await outcomeOf(() => readTensorFlowCheckpoint(prefix))
      const written = new Set([...few.values()].map(t => Buffer.from(bytesOf(t)).toString('hex')))
      for (const [name, t] of tensors ?? []) {
        check(
          t.data.length === elementCount(t.shape),
          `${name} has ${t.data.length} values, shape ${t.shape}`,
        )
        const bytes = Buffer.from(bytesOf(t as StoredTensor)).toString('hex')
        check(written.has(bytes) || t.data.length === 0, `${name}: values that nobody wrote`)
      }
      return tensors !== undefined
    },
  },
  {
    name: 'tensorflowModel',
    make: (changes, pick) => sealedIndex(modelCheckpoint, changes, pick),
    judge: async input => {
      await writeJoined(input)
      return checkModel(prefix)
    },
  },
]
