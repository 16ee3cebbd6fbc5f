import type { Shape, View } from '../../../kernel/shape.js'

/** Collects the source of a pass, in the language of dialect.ts. */
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
const sum = (terms: readonly string[]): string => (terms.length ? terms.join(' + ') : '0')

/**
 * Adds statements that take a row-major position in `shape` apart into indices. Returns these indices' names, `0` for
 * axes of size 1. `position` is an integer variable.
 */
export function indices(source: Source, shape: Shape, position: string, prefix: string): string[] {
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

/** The element at the indices `names` of a view: `base + offset + Σ index * stride`. */
export const elementAt = (base: string, names: readonly string[], { offset, strides }: View): string =>
  sum([
    base,
    ...(offset ? [`${offset}`] : []),
    ...names.flatMap((name, d) => (name === '0' || strides[d] === 0 ? [] : [times(name, strides[d])])),
  ])

/** A loop over `name` from 0 to `count`. */
export const repeat = (name: string, count: number, body: readonly string[]): string[] => [
  `for (let ${name} = 0; ${name} < ${count}; ${name}++) {`,
  ...body,
  '}',
]

/** An array's element as a value of the dtype: int32 is kept as the float with the same bits. */
export const loaded = (isInt: boolean, element: string): string => (isInt ? `bitsOf(${element})` : element)

/** What is stored for a value of the dtype. */
export const stored = (isInt: boolean, value: string): string => (isInt ? `ofBits(${value})` : value)
