import { setImmediate } from 'node:timers/promises'
import test from 'tape'
import { scoreInOrder } from '../../cli/scoring.js'

/** Items that count how many have been asked for. */
async function* counted(lengths: readonly number[], count: { asked: number }, error?: Error) {
  for (const length of lengths) {
    count.asked++
    yield new Uint8Array(length)
  }
  if (error) throw error
}

const fragmentsOf = (item: Uint8Array) => [item]

test('scoring in order: rows in the order of the input, whichever scores come first', async t => {
  const pending: (() => void)[] = []
  const scored: number[] = []
  const score = async (fragments: readonly Uint8Array[]) => {
    await new Promise<void>(resolve => {
      pending.push(resolve)
      // The last ones first, as soon as all of them wait.
      if (pending.length === 4) for (const done of pending.toReversed()) done()
    })
    return fragments.map(({ length }) => length)
  }
  const lengths = [5, 1, 2, 9, 3, 7, 4, 8]
  for await (const group of scoreInOrder(counted(lengths, { asked: 0 }), { batch: 2, fragmentsOf, score }))
    for (const { item, scores } of group) {
      t.deepEqual(scores, [item.length])
      scored.push(item.length)
    }
  t.deepEqual(scored, lengths)
})

test('scoring in order: what is read ahead is bounded by its bases, not by the reads', async t => {
  const count = { asked: 0 }
  const lengths = Array<number>(100).fill(2 ** 20)
  let most = 0
  let given = 0
  const score = async (fragments: readonly Uint8Array[]) => fragments.map(({ length }) => length)
  for await (const group of scoreInOrder(counted(lengths, count), { batch: 4, fragmentsOf, score })) {
    given += group.length
    // Whoever takes the rows is slow.
    for (let i = 0; i < 50; i++) await setImmediate()
    most = Math.max(most, count.asked - given)
  }
  t.equal(given, 100)
  t.ok(most > 2 && most <= 20, `${most} Mb ahead`)
})

test('scoring in order: items before a damaged one are given before its error', async t => {
  const given: number[] = []
  const score = async (fragments: readonly Uint8Array[]) => fragments.map(({ length }) => length)
  const run = async () => {
    const items = counted([1, 2, 3], { asked: 0 }, new Error('damaged'))
    for await (const group of scoreInOrder(items, { batch: 2, fragmentsOf, score }))
      given.push(...group.map(({ item }) => item.length))
  }
  t.match(await run().then(() => 'done', String), /damaged/)
  t.deepEqual(given, [1, 2, 3])
  const failing = async () => {
    const items = counted([1, 2, 3], { asked: 0 })
    for await (const _ of scoreInOrder(items, {
      batch: 2,
      fragmentsOf,
      score: () => Promise.reject(new Error('of the device')),
    }));
  }
  t.match(await failing().then(() => 'done', String), /of the device/)
})
