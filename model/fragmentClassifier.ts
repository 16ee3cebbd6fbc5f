import { unknown } from '../data/index.js'
import { type CompiledFunction, compile, type Tensor, tensor } from '../engine/index.js'
import type { ClassifierModel } from '../eval/scores/index.js'
import { type ClassifierParameters, hiddenLayer } from './classifier.js'
import type { ClassifierDescription } from './saved/index.js'

/** A window of a fragment: which fragment, and its bases. */
type Window = { readonly fragment: number; readonly bases: Uint8Array }

/** How a classifier goes over fragments. */
export type FragmentClassifierOptions = {
  /** Windows that go through the network together (default 100). */
  readonly batch?: number
  /** Where, by default the default device. */
  readonly device?: string | undefined
}

/**
 * A trained classifier over fragments of any length. A fragment that is longer than the reads of the training is cut into
 * as few windows of their length as cover it, evenly spaced (so they overlap a little, and none is short); its features
 * are the means over the windows. A shorter one is filled up with unknown bases, which match nothing, as in the
 * reference. Windows with fewer known bases than a motif has say nothing and do not count; a fragment of only such ones
 * has no features.
 */
export class FragmentClassifier implements ClassifierModel {
  readonly hidden: number
  readonly classes: number
  readonly kernel: Float32Array
  readonly bias: Float32Array
  readonly batch: number
  readonly #compiled: CompiledFunction<[ClassifierParameters, Tensor], Tensor>
  /** Features by arrays of fragments, as long as those live: several scores of one classifier ask for the same ones. */
  #known = new WeakMap<readonly Uint8Array[], Promise<Float64Array>>()

  /** `kernel`, `bias`: the values of the last layer. */
  constructor(
    readonly description: ClassifierDescription,
    readonly parameters: ClassifierParameters,
    { kernel, bias }: Pick<ClassifierModel, 'kernel' | 'bias'>,
    { batch = 100, device }: FragmentClassifierOptions = {},
  ) {
    this.hidden = description.hidden
    this.classes = description.classNames.length
    this.kernel = kernel
    this.bias = bias
    this.batch = batch
    this.#compiled = compile(hiddenLayer, { device })
  }

  /** The classifier of parameters that are on a device: their last layer is read from there. */
  static async open(
    description: ClassifierDescription,
    parameters: ClassifierParameters,
    options: FragmentClassifierOptions = {},
  ): Promise<FragmentClassifier> {
    const { kernel, bias } = parameters.logits
    const [kernelValues, biasValues] = await Promise.all([kernel.data(), bias.data()])
    const lastLayer = { kernel: Float32Array.from(kernelValues), bias: Float32Array.from(biasValues) }
    return new FragmentClassifier(description, parameters, lastLayer, options)
  }

  /** As `ClassifierModel`; the same array of fragments (told by identity) goes through the network once. */
  features(fragments: readonly Uint8Array[]): Promise<Float64Array> {
    const known = this.#known.get(fragments)
    if (known) return known
    const features = this.#meansOverWindows(fragments)
    this.#known.set(fragments, features)
    return features
  }

  /** Free the compiled function's memory (not the parameters). */
  dispose(): void {
    this.#known = new WeakMap()
    this.#compiled.dispose()
  }

  async #meansOverWindows(fragments: readonly Uint8Array[]): Promise<Float64Array> {
    const means = new Float64Array(fragments.length * this.hidden)
    const counts = new Float64Array(fragments.length)
    // The device has its next batch before this one's results are waited for.
    let ahead: Promise<void> | undefined
    for (const windows of inBatches(this.#windowsOf(fragments), this.batch)) {
      const adding = this.#add(windows, means, counts)
      adding.catch(() => {}) // thrown where it is waited for, if no error comes before
      await ahead
      ahead = adding
    }
    await ahead
    return means.map((sum, i) => sum / counts[Math.floor(i / this.hidden)])
  }

  /** Add the features of some windows to those of their fragments. */
  async #add(windows: readonly Window[], sums: Float64Array, counts: Float64Array): Promise<void> {
    const { length } = this.description
    // Every batch has the same number of rows, since each number would be compiled for itself.
    const tokens = new Int32Array(this.batch * length).fill(unknown)
    for (const [row, { bases }] of windows.entries()) tokens.set(bases, row * length)
    const input = tensor(tokens, { shape: [this.batch, length] })
    const output = this.#compiled(this.parameters, input)
    const values = await output.data()
    output.dispose()
    input.dispose()
    for (const [row, { fragment }] of windows.entries()) {
      counts[fragment]++
      for (let h = 0; h < this.hidden; h++) sums[fragment * this.hidden + h] += values[row * this.hidden + h]
    }
  }

  *#windowsOf(fragments: readonly Uint8Array[]): Generator<Window> {
    const { length, motifLength } = this.description
    for (const [fragment, bases] of fragments.entries()) {
      const count = Math.ceil(bases.length / length)
      const spacing = count > 1 ? (bases.length - length) / (count - 1) : 0
      for (let i = 0; i < count; i++) {
        const start = Math.round(i * spacing)
        const window = bases.subarray(start, start + length)
        if (hasKnown(window, motifLength)) yield { fragment, bases: window }
      }
    }
  }
}

/** Whether so many bases are known. */
function hasKnown(bases: Uint8Array, count: number): boolean {
  let known = 0
  for (let i = 0; i < bases.length && known < count; i++) if (bases[i] < unknown) known++
  return known >= count
}

/** Groups of `size` items, the last one smaller. */
function* inBatches<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let group: T[] = []
  for (const item of items) {
    group.push(item)
    if (group.length < size) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}
