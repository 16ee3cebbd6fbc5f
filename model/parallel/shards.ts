/** The parts that every batch is cut into, for a training whose result is the same for any number of processes. */

/** Rows `first` … `first + rows` of every batch. */
export type Shard = { readonly index: number; readonly first: number; readonly rows: number }

/** How many shards there are where several processes train together and nobody says otherwise. */
export const usualShards = 8

/**
 * The shards of batches of so many rows: as many rows each, or one more where that does not come out even, by turns, so
 * that processes have as many rows as each other.
 */
export function shardsOf(batchSize: number, count: number): Shard[] {
  const start = (index: number) => Math.floor((index * batchSize) / count)
  return Array.from({ length: count }, (_, index) => ({
    index,
    first: start(index),
    rows: start(index + 1) - start(index),
  }))
}

/** The shards that one of `size` processes computes: neighbours, a whole subtree of the tree of sums. */
export const shardsOfRank = (shards: readonly Shard[], rank: number, size: number): Shard[] =>
  shards.slice((rank * shards.length) / size, ((rank + 1) * shards.length) / size)
