import test from 'tape'
import { Pairs } from '../../../engine/collective/pairs.js'
import type { DeviceBuffer, Pairing } from '../../../engine/devices/device.js'
import { fakeGroups, treeSum } from './fakeGroup.js'

type FakeBuffer = DeviceBuffer & { readonly values: Float32Array }
type Sum = { readonly pair: string; readonly values: Float32Array }

/**
 * Devices of as many processes, each with a stream of sums: one is done when it has come to the front in both of a pair.
 * `closed`: the pairs that were closed.
 */
function fakeDevices(size: number) {
  const streams: Sum[][] = Array.from({ length: size }, () => [])
  const closed: string[] = []
  let invitations = 0
  function run(): void {
    const fronts = streams.flatMap(([front]) => (front ? [front] : []))
    for (const [i, front] of fronts.entries()) {
      const other = fronts.find(({ pair }, j) => j > i && pair === front.pair)
      if (!other) continue
      const sum = treeSum([front.values, other.values])
      for (const { values } of [front, other]) values.set(sum)
      for (const stream of streams) if (stream[0]?.pair === front.pair) stream.shift()
      run()
      return
    }
  }
  const pairings = streams.map(
    (stream): Pairing => ({
      invitation: () => new TextEncoder().encode(`pair ${++invitations}`),
      join: (invitation, rank) => {
        const pair = new TextDecoder().decode(invitation)
        return {
          add(buffer) {
            stream.push({ pair, values: (buffer as FakeBuffer).values })
            run()
          },
          close: () => closed.push(`${pair} of ${rank}`),
        }
      },
    }),
  )
  return { pairings, closed }
}

const buffersOf = (size: number): FakeBuffer[] =>
  Array.from({ length: size }, (_, rank) => {
    const values = Float32Array.from({ length: 9 }, (_, i) => Math.sin(7 * rank + i) * 10 ** (i - 4))
    return { bytes: values.byteLength, values }
  })

test('pairs: the sum of the tree, with sums of two', async t => {
  for (const size of [1, 2, 4, 8]) {
    const { pairings, closed } = fakeDevices(size)
    const all = await Promise.all(fakeGroups(size).map(group => Pairs.join(group, pairings[group.rank])))
    const buffers = buffersOf(size)
    const want = treeSum(buffers.map(({ values }) => values))
    // In any order: the streams wait for each other.
    for (const rank of [...buffers.keys()].reverse()) all[rank]!.add(buffers[rank], 'float32')
    for (const { values } of buffers) t.deepEqual(values, want)
    for (const pairs of all) pairs!.close()
    t.equal(closed.length, size * Math.log2(size), `${size} processes`)
    t.equal(new Set(closed).size, closed.length, 'each end of each pair once')
  }
})

test('pairs: all devices must have them, or none', async t => {
  const [one] = fakeDevices(2).pairings
  const join = (pairings: readonly (Pairing | undefined)[]) =>
    Promise.all(
      fakeGroups(2).map(group =>
        Pairs.join(group, pairings[group.rank]).catch((error: Error) => error.message),
      ),
    )
  t.deepEqual(await join([undefined, undefined]), [undefined, undefined])
  const message = 'only 1 of 2 processes can add up on their devices; install the same libraries everywhere'
  t.deepEqual(await join([one, undefined]), [message, message])
})
