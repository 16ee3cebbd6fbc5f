import type { ReduceKernel } from '../../../kernel/kernel.js'
import { sizeOf } from '../../../kernel/shape.js'
import { type Axes, reductionAxes } from '../../shared/axes.js'
import { linesFor } from '../../shared/lines.js'
import type { FunctionBuilder, ModuleBuilder } from '../assembly/assembler.js'
import { f32x4, i32x4, type Local, type Usize, usize, type V128, v128 } from '../assembly/instructions.js'
import type { Target } from '../assembly/target.js'
import { BodyEmitter } from './body.js'
import { addCompensated, blockIterations, isCompensated } from './compensation.js'
import { emitRowSum } from './rowSum.js'
import { along, forEachIndex, loadLanes, storeLanes } from './strided.js'

/**
 * Sums and maxima of strided inputs. Lanes run along the reduced axes, and are combined at the end, or across kept
 * elements, whichever is cheaper; rowSum.ts has long sums across many.
 */

/** Accumulators along a row: enough to hide the latency of an addition. */
const rowAccumulators = 4

/** Accumulators across columns: as many as there are registers for, so that whole cache lines are used at a time. */
const columnAccumulators = 12

/** One of the vectors of an iteration: `start` elements after its first, with `lanes` of four lanes that count. */
type Vector = { readonly start: number; readonly lanes: number }

const vectors = (count: number): Vector[] =>
  Array.from({ length: count }, (_, i) => ({ start: 4 * i, lanes: 4 }))

/** What two vectors become, and what changes nothing. */
type Combiner = { readonly identity: V128; combine(a: V128, b: V128): V128 }

function combinerOf({ op, dtype }: ReduceKernel): Combiner {
  const vector = dtype === 'int32' ? i32x4 : f32x4
  if (op === 'sum') return { identity: vector.const(0), combine: vector.add }
  const least = dtype === 'int32' ? -(2 ** 31) : Number.NEGATIVE_INFINITY
  return { identity: vector.const(least), combine: vector.max }
}

/** The combination of all four lanes, in every lane. */
function acrossLanes(f: FunctionBuilder, { combine }: Combiner, vector: V128): V128 {
  const v = f.local(vector)
  const pairs = f.local(combine(v, v128.shuffle(v, v, [2, 3, 0, 1])))
  return combine(pairs, v128.shuffle(pairs, pairs, [1, 0, 3, 2]))
}

/** How the reduced axes are walked: for every index of `outer`, `iterations` over `vectors`, then the vectors of `rest`. */
type Walk = {
  readonly outer: Axes
  readonly iterations: number
  /** By how much an iteration moves the byte index, which each input multiplies by its `iterationStrides`. */
  readonly bytes: number
  readonly iterationStrides: readonly number[]
  /** Elements of each input from lane to lane. */
  readonly vectorStrides: readonly number[]
  readonly vectors: readonly Vector[]
  /** Where lanes run along the reduced axes: lanes that do not count are kept out of the totals. */
  readonly rest?: readonly Vector[]
}

/** Emits one reduction into a function whose parameters are the kernel's arguments. */
class ReduceEmitter {
  readonly #combiner: Combiner
  readonly #lines: number[]

  constructor(
    readonly target: Target,
    readonly f: FunctionBuilder,
    readonly kernel: ReduceKernel,
  ) {
    this.#combiner = combinerOf(kernel)
    this.#lines = linesFor(kernel.body, [kernel.value])
  }

  /** Combine one vector after the other into its accumulator. */
  #combine(
    walk: Walk,
    pointers: readonly Usize[],
    index: Usize,
    vectors: readonly Vector[],
    into: readonly Local<'v128'>[],
  ): void {
    const { f, kernel } = this
    const masked = walk.rest !== undefined
    vectors.forEach(({ start, lanes }, v) => {
      const emitter = new BodyEmitter(this.target, f, kernel.body)
      emitter.emit(this.#lines, i => {
        const stride = walk.vectorStrides[i]
        return loadLanes(
          f,
          along(pointers[i], index, walk.iterationStrides[i]),
          4 * start * stride,
          stride,
          lanes,
        )
      })
      const value = emitter.value(kernel.value)
      const mask = i32x4.lanes(-1, lanes > 1 ? -1 : 0, lanes > 2 ? -1 : 0, lanes > 3 ? -1 : 0)
      const counted = masked && lanes < 4 ? v128.bitselect(value, this.#combiner.identity, mask) : value
      f.set(into[v], this.#combiner.combine(into[v], counted))
    })
  }

  /** Walk all reduced axes from `start`; returns one total for each vector of the walk. */
  totals(walk: Walk, start: readonly Usize[]): Local<'v128'>[] {
    const { f, kernel } = this
    const pointers = start.map(pointer => f.local(pointer))
    const zeros = () => walk.vectors.map(() => f.local(this.#combiner.identity))
    const totals = zeros()
    const compensated = isCompensated(kernel, walk.iterations * sizeOf(walk.outer.shape))
    const lost = compensated ? zeros() : []
    const sums = compensated ? zeros() : totals

    forEachIndex(f, walk.outer.shape, pointers, walk.outer.strides, () => {
      const index = f.local(usize.const(0))
      const block = (iterations: number, rest?: Walk['rest']) => {
        if (compensated) for (const sum of sums) f.set(sum, this.#combiner.identity)
        f.repeat(iterations, () => {
          this.#combine(walk, pointers, index, walk.vectors, sums)
          f.advance(index, walk.bytes)
        })
        if (rest) this.#combine(walk, pointers, index, rest, sums)
        if (compensated)
          totals.forEach((total, i) => {
            addCompensated(f, total, lost[i], sums[i])
          })
      }
      if (!compensated) return block(walk.iterations, walk.rest)
      f.repeat(Math.floor(walk.iterations / blockIterations), () => block(blockIterations))
      if (walk.iterations % blockIterations || walk.rest) block(walk.iterations % blockIterations, walk.rest)
    })
    return totals
  }

  /** Lanes run along the last reduced axis. */
  emitAlong(kept: Axes, reduced: Axes, pointers: readonly Local<'usize'>[], out: Local<'usize'>): void {
    const { f } = this
    const length = reduced.shape.at(-1) ?? 1
    const strides = reduced.strides.map(s => s.at(-1) ?? 1)
    const count = Math.max(1, Math.min(rowAccumulators, length >> 2))
    const remainder = length % (4 * count)
    const rest = Array.from({ length: Math.ceil(remainder / 4) }, (_, i) => ({
      start: 4 * i,
      lanes: Math.min(4, remainder - 4 * i),
    }))
    const walk: Walk = {
      outer: { shape: reduced.shape.slice(0, -1), strides: reduced.strides.map(s => s.slice(0, -1)) },
      iterations: Math.floor(length / (4 * count)),
      bytes: 16 * count,
      iterationStrides: strides,
      vectorStrides: strides,
      vectors: vectors(count),
      rest,
    }
    forEachIndex(f, kept.shape, pointers, kept.strides, () => {
      const [first, ...others] = this.totals(walk, pointers)
      const total = others.reduce<V128>((sum, more) => this.#combiner.combine(sum, more), first)
      storeLanes(f, out, 0, 1, 1, acrossLanes(f, this.#combiner, total))
      f.advance(out, 4)
    })
  }

  /** Lanes run across the last kept axis. */
  emitAcross(kept: Axes, reduced: Axes, pointers: readonly Local<'usize'>[], out: Local<'usize'>): void {
    const { f } = this
    const width = kept.shape.at(-1) ?? 1
    const vectorStrides = kept.strides.map(s => s.at(-1) ?? 1)
    const outer = { shape: kept.shape.slice(0, -1), strides: kept.strides.map(s => s.slice(0, -1)) }
    const columns = (index: Usize, start: number, vectors: readonly Vector[]) => {
      const walk: Walk = {
        outer: { shape: reduced.shape.slice(0, -1), strides: reduced.strides.map(s => s.slice(0, -1)) },
        iterations: reduced.shape.at(-1) ?? 1,
        bytes: 4,
        iterationStrides: reduced.strides.map(s => s.at(-1) ?? 0),
        vectorStrides,
        vectors,
      }
      const from = pointers.map((p, i) =>
        usize.plus(along(p, index, vectorStrides[i]), 4 * start * vectorStrides[i]),
      )
      this.totals(walk, from).forEach((total, v) => {
        storeLanes(f, along(out, index, 1), 4 * (start + 4 * v), 1, vectors[v].lanes, total)
      })
    }
    const full = width >> 2
    const grouped = full - (full % columnAccumulators)
    forEachIndex(f, outer.shape, pointers, outer.strides, () => {
      f.range(grouped / columnAccumulators, 16 * columnAccumulators, index =>
        columns(index, 0, vectors(columnAccumulators)),
      )
      if (full > grouped) columns(usize.const(0), 4 * grouped, vectors(full - grouped))
      if (width % 4) columns(usize.const(0), 4 * full, [{ start: 0, lanes: width % 4 }])
      f.advance(out, 4 * width)
    })
  }

  /** No element to reduce: the identity everywhere. */
  emitEmpty(out: Local<'usize'>, count: number): void {
    this.f.repeat(count, () => {
      storeLanes(this.f, out, 0, 1, 1, this.#combiner.identity)
      this.f.advance(out, 4)
    })
  }
}

/** Whether lanes across the last kept axis cost less than lanes along the last reduced one, by a count of vectors. */
function acrossIsCheaper(kept: Axes, reduced: Axes): boolean {
  const cost = (axes: Axes): number => {
    const length = axes.shape.at(-1) ?? 1
    // Lanes that are apart in memory are loaded one by one.
    const loads = axes.strides.map(s => ([0, 1, undefined].includes(s.at(-1)) ? 1 : 5))
    return loads.reduce((a, b) => a + b, 0) * (Math.ceil(length / 4) / length)
  }
  // Lanes along the reduced axes are combined at the end.
  const lanesToOne = 12 / sizeOf(reduced.shape)
  return cost(kept) < cost(reduced) + lanesToOne
}

/** The most columns of a sum by rows: the sums of all of them are to stay in a near cache. */
const mostColumns = 1 << 14

/** Whether a reduction across kept elements is a long sum of more columns than registers can hold. */
function isRowSum(kernel: ReduceKernel, kept: Axes, reduced: Axes): boolean {
  const columns = kept.shape.at(-1) ?? 1
  return (
    columns >> 2 > columnAccumulators &&
    columns <= mostColumns &&
    isCompensated(kernel, sizeOf(reduced.shape))
  )
}

/** The kept and the reduced axes of a reduction. */
const axesOf = (kernel: ReduceKernel): { kept: Axes; reduced: Axes } =>
  reductionAxes(
    kernel,
    kernel.inputs.map(({ view }) => view.strides),
  )

/** Whether lanes run across kept elements: what the order of additions depends on, beside the reduced axes. */
export function reducesAcross(kernel: ReduceKernel): boolean {
  const { kept, reduced } = axesOf(kernel)
  return acrossIsCheaper(kept, reduced)
}

/** Define the function of a reduction; its parameters are the kernel's arguments. */
export function defineReduce(target: Target, module: ModuleBuilder, kernel: ReduceKernel): number {
  const { inputs } = kernel
  const { kept, reduced } = axesOf(kernel)
  return module.define(inputs.length + 1, f => {
    const emitter = new ReduceEmitter(target, f, kernel)
    const out = f.params[inputs.length]
    if (sizeOf(kept.shape) === 0) return
    if (sizeOf(reduced.shape) === 0) return emitter.emitEmpty(out, sizeOf(kept.shape))
    const pointers = inputs.map(({ view }, i) => f.local(usize.plus(f.params[i], 4 * view.offset)))
    if (!acrossIsCheaper(kept, reduced)) emitter.emitAlong(kept, reduced, pointers, out)
    else if (isRowSum(kernel, kept, reduced))
      emitRowSum(target, module, f, { kernel, kept, reduced, pointers, out })
    else emitter.emitAcross(kept, reduced, pointers, out)
  })
}
