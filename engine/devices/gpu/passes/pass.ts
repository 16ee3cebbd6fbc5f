import type { View } from '../../../kernel/shape.js'

/**
 * One dispatch: a gpu.js kernel and what it reads and writes. A kernel of the engine becomes one pass or a few, in order.
 *
 * In a pass's source a read is the array `in<slot>` from element `base<name>` on, and a write goes to the array
 * `out<slot>` from element `to<name>` on; so the same pass serves a loop's every turn. WebGPU binds no buffer both for
 * reading and for writing: a read with the slot of a write is from `out<slot>`, and what is known only when the pass
 * runs to be in a buffer that it writes is read from a copy of what was there before.
 */
export type Pass = {
  /** Statements of the kernel function, in the language of dialect.ts. */
  readonly source: string
  /** Times that the statements run, in parallel; `this.thread.x` tells which time. */
  readonly threads: number
  readonly reads: readonly Read[]
  readonly writes: readonly Write[]
  /** Floats that have no literal (infinities, NaN, -0) or shall be none: `constant<i>` in the source. */
  readonly constants: readonly number[]
}

/** An argument of the kernel, or a temporary of its program. */
export type Place = { readonly arg: number } | { readonly temp: number }

/** Elements of an argument, counted from its start. */
export type Extent = { readonly first: number; readonly length: number }

/** `first` and `length`: what it touches. */
export type Read = Extent & {
  readonly place: Place
  /** A number of its own among the reads of the pass. */
  readonly name: number
  /** Reads with the same slot are known to be in the same buffer, and take one binding. */
  readonly slot: number
}

export type Write = {
  readonly place: Place
  /** A name of its own among the writes of the pass; the only one has none. */
  readonly name: string
  /** As of reads; undefined for a buffer that nothing else in the pass is known to be in. */
  readonly slot: number | undefined
  /** What the pass also reads of its only write, through `out`: each element before it is stored, in the same thread. */
  readonly before?: Extent
}

/** The array of a slot that is written. */
export const outOf = ({ slot }: Pick<Write, 'slot'>): string => `out${slot ?? ''}`

/** The only write of a pass: `store(out, to + …, …)`. `before`: see Write. */
export const writeTo = (place: Place, before?: Extent): Write => ({
  place,
  name: '',
  slot: undefined,
  ...(before && { before }),
})

/** The passes of a kernel, and the bytes of the temporaries that they hand results to one another in. */
export type Passes = { readonly passes: readonly Pass[]; readonly temps: readonly number[] }

/** First element and number of elements from there on that a view of `shape` touches. */
export function extent(shape: readonly number[], view: View): Extent {
  if (shape.includes(0)) return { first: 0, length: 0 }
  let [first, last] = [view.offset, view.offset]
  shape.forEach((n, d) => {
    const reach = (n - 1) * view.strides[d]
    if (reach < 0) first += reach
    else last += reach
  })
  return { first, length: last - first + 1 }
}

/** A read from the start of a place, named and bound as `name`. */
export const readOf = (place: Place, name: number, length: number): Read => ({
  place,
  name,
  slot: name,
  first: 0,
  length,
})

/** Collects the source of a pass. */
export class Source {
  readonly lines: string[] = []

  /** `constants`: those of the source that this one becomes a part of. */
  constructor(readonly constants: number[] = []) {}

  add(...lines: string[]): void {
    this.lines.push(...lines)
  }

  /** A float literal, or the name of a constant that has none. */
  float(value: number): string {
    const rounded = Math.fround(value)
    return Number.isFinite(rounded) && !Object.is(rounded, -0) ? `${rounded}` : this.constant(value)
  }

  /** The name of a constant that is only known when the pass runs. */
  constant(value: number): string {
    return `constant${this.constants.push(value) - 1}`
  }

  toString(): string {
    return this.lines.join('\n')
  }
}

/** `a * n`, where that can be said shorter. */
export const times = (name: string, n: number): string => (n === 1 ? name : `${name} * ${n}`)

/** The sum of terms; `0` of none. */
export const sum = (terms: readonly string[]): string => (terms.length ? terms.join(' + ') : '0')

/**
 * Statements that take a row-major position in `shape` apart into indices, and these indices' names (`0` for axes of
 * size 1). `position` is an integer variable.
 */
export function indices(
  source: Source,
  shape: readonly number[],
  position: string,
  prefix: string,
): string[] {
  const names = shape.map((n, d) => (n === 1 ? '0' : `${prefix}${d}`))
  const axes = [...shape.keys()].filter(d => shape[d] !== 1).reverse()
  let rest = position
  axes.forEach((d, i) => {
    const last = i === axes.length - 1
    source.add(`let ${names[d]} = ${last ? rest : `remainder(${rest}, ${shape[d]})`};`)
    if (last) return
    source.add(`let ${names[d]}rest = quotient(${rest}, ${shape[d]});`)
    rest = `${names[d]}rest`
  })
  return names
}

/** The element at `names` of a view: `base + offset + Σ index * stride`. */
export const elementAt = (base: string, names: readonly string[], { offset, strides }: View): string =>
  sum([
    base,
    ...(offset ? [`${offset}`] : []),
    ...names.flatMap((name, d) => (name === '0' || strides[d] === 0 ? [] : [times(name, strides[d])])),
  ])

/** `for` over `name` from 0 to `count`. */
export const repeat = (name: string, count: number, body: readonly string[]): string[] => [
  `for (let ${name} = 0; ${name} < ${count}; ${name}++) {`,
  ...body,
  '}',
]
