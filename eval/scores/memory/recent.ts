/**
 * The last results of a function of bases. Scores that remember the same genomes look up the same bases in turn, and
 * have it done once. Results are known by the bases themselves, as callers may fill their arrays anew.
 */
export class Recent<T> {
  #results: { readonly room: Uint8Array; readonly bases: Uint8Array; readonly result: T }[] = []

  /** `size`: how many results are kept. */
  constructor(readonly size: number) {}

  /** The result for some bases: that of `compute`, unless there is one. */
  of(bases: Uint8Array, compute: (bases: Uint8Array) => T): T {
    const known = this.#results.find(recent => areEqual(recent.bases, bases))
    if (known) return known.result
    const result = compute(bases)
    const oldest = this.#results.length === this.size ? this.#results.shift() : undefined
    // Its memory is used again: a collection may be long in coming.
    const room = oldest && oldest.room.length >= bases.length ? oldest.room : new Uint8Array(bases.length)
    room.set(bases)
    this.#results.push({ room, bases: room.subarray(0, bases.length), result })
    return result
  }

  /** Forgets all. */
  clear(): void {
    this.#results = []
  }
}

const areEqual = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((base, i) => base === other[i])
