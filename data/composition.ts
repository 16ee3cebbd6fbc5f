import { unknown } from './read.js'

/** What DNA is made of. */
export type Composition = {
  /** In bases, unknown ones included. */
  readonly length: number
  readonly known: number
  /** G and C among the known bases. */
  readonly gc: number
}

/** The composition of several pieces of DNA together. */
export function compositionOf(pieces: readonly Uint8Array[]): Composition {
  let length = 0
  let known = 0
  let gc = 0
  for (const bases of pieces) {
    length += bases.length
    for (const base of bases) {
      if (base < unknown) known++
      if (base === 1 || base === 2) gc++
    }
  }
  return { length, known, gc }
}
