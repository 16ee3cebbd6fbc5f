/** The parts that every batch is cut into, for a training whose result is the same for any number of processes. */

/** Rows `first` … `first + rows` of every batch. */
export type Shard = { readonly index: number; readonly first: number; readonly rows: number }

/** How many shards there are where several processes train together and nobody says otherwise. */
export const usualShards = 8

/** The shards of batches of so many rows: as many rows each, the first ones one more where that does not come out even. */
export function shardsOf(batchSize: number, count: number): Shard[] {
  const least = Math.floor(batchSize / count)
  const larger = batchSize % count
  return Array.from({ length: count }, (_, index) => ({
    index,
    first: index * least + Math.min(index, larger),
    rows: least + (index < larger ? 1 : 0),
  }))
}

/** The shards that one of `size` processes computes: neighbours, a whole subtree of the tree of sums. */
export const shardsOfRank = (shards: readonly Shard[], rank: number, size: number): Shard[] =>
  shards.slice((rank * shards.length) / size, ((rank + 1) * shards.length) / size)
