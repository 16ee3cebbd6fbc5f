/** A buffer that exists only inside a plan. */
export type Temporary = { readonly bytes: number }

/** The ids of the temporaries that each step touches, in order of the steps. */
export type Uses = readonly (readonly number[])[]

/**
 * Give temporaries memory: two share a buffer when one is last used before the other is first used. The smallest free
 * buffer that fits is taken; a new one is made rather than take one of more than twice the size (and 1 KiB, so that small
 * ones share). With `sameSize` only temporaries of one size share: in the body of a loop a buffer then has rows of one
 * length, and threads can take rows each. `temporaries`: by id. Returns the buffers' sizes in bytes, and each
 * temporary's buffer.
 */
export function shareBuffers(
  temporaries: ReadonlyMap<number, Temporary>,
  uses: Uses,
  sameSize = false,
): { sizes: number[]; bufferOf: Map<number, number> } {
  const first = new Map<number, number>()
  const last = new Map<number, number>()
  uses.forEach((ids, step) => {
    for (const id of ids) {
      if (!temporaries.has(id)) continue
      if (!first.has(id)) first.set(id, step)
      last.set(id, step)
    }
  })
  const sizes: number[] = []
  const bufferOf = new Map<number, number>()
  const free = new Set<number>()
  uses.forEach((ids, step) => {
    for (const id of new Set(ids)) {
      if (first.get(id) !== step) continue
      const { bytes } = temporaries.get(id)!
      const most = sameSize ? bytes : 2 * bytes + 1024
      const fitting = [...free].filter(b => sizes[b] >= bytes && sizes[b] <= most)
      const best = fitting.reduce((a, b) => (a < 0 || sizes[b] < sizes[a] ? b : a), -1)
      if (best >= 0) free.delete(best)
      bufferOf.set(id, best >= 0 ? best : sizes.push(bytes) - 1)
    }
    for (const id of new Set(ids)) if (last.get(id) === step) free.add(bufferOf.get(id)!)
  })
  return { sizes, bufferOf }
}
