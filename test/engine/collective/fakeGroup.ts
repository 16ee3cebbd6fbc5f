import type { ProcessGroup, Summable } from '../../../engine/index.js'

/** The sum of a fixed binary tree, neighbours first: what a group of processes promises. */
export function treeSum<T extends Summable>(arrays: readonly T[]): T {
  let level = arrays.map(array => array.slice() as T)
  while (level.length > 1)
    level = level.flatMap((left, i) => {
      if (i % 2) return []
      level[i + 1].forEach((x, j) => {
        left[j] += x
      })
      return [left]
    })
  return level[0]
}

/** Groups of as many processes, all of them in this one. */
export function fakeGroups(size: number): ProcessGroup[] {
  let waiting: { readonly rank: number; readonly values: Summable; resolve(): void }[] = []
  function arrive(rank: number, values: Summable): Promise<void> {
    return new Promise(resolve => {
      waiting.push({ rank, values, resolve })
      if (waiting.length < size) return
      const all = waiting.sort((a, b) => a.rank - b.rank)
      waiting = []
      const sum = treeSum(all.map(({ values }) => values))
      for (const { values, resolve } of all) {
        values.set(sum)
        resolve()
      }
    })
  }
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    description: 'none',
    sum: (values: Summable) => arrive(rank, values),
    abort() {},
    async close() {},
  }))
}
