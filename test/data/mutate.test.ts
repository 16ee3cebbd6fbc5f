import fc from 'fast-check'
import test from 'tape'
import { mutate } from '../../data/mutate.js'
import { foldKey, keyFromSeed } from '../../engine/hostRandom.js'

const key = keyFromSeed(11)
const reads = 400
const length = 250

test('mutate: the rate, and each of the three other bases equally often', t => {
  for (const rate of [0.01, 0.1, 0.5, 1]) {
    const shifts = new Float64Array(4)
    for (let read = 0; read < reads; read++) {
      const bases = Uint8Array.from({ length }, (_, i) => (read + i) & 3)
      mutate(bases, rate, key, read)
      for (let i = 0; i < length; i++) shifts[(bases[i] - read - i) & 3]++
    }
    const n = reads * length
    const sd = Math.sqrt((n * rate) / 3)
    t.ok(Math.abs(n - shifts[0] - n * rate) <= 4 * Math.sqrt(n * rate * (1 - rate)), `rate ${rate}`)
    for (const shift of [1, 2, 3])
      t.ok(Math.abs(shifts[shift] - (n * rate) / 3) < 4 * sd, `shift ${shift}: ${shifts[shift]} of ${n}`)
  }
  t.end()
})

test('mutate: positions and reads are independent', t => {
  // Mutated bases next to each other, in a read or in neighbouring reads, are as frequent as chance has it.
  const rate = 0.3
  const rows = Array.from({ length: reads }, (_, read) => {
    const bases = new Uint8Array(length)
    mutate(bases, rate, key, read)
    return bases
  })
  let beside = 0
  let below = 0
  for (let r = 1; r < reads; r++)
    for (let i = 1; i < length; i++) {
      if (rows[r][i] && rows[r][i - 1]) beside++
      if (rows[r][i] && rows[r - 1][i]) below++
    }
  const n = (reads - 1) * (length - 1)
  const sd = Math.sqrt(n * rate ** 2)
  t.ok(Math.abs(beside - n * rate ** 2) < 5 * sd, `${beside} of ${n}`)
  t.ok(Math.abs(below - n * rate ** 2) < 5 * sd, `${below} of ${n}`)
  t.end()
})

test('mutate: rate 0 is the identity, rate 1 leaves no base, unknown bases stay, the same arguments the same result', t => {
  const anyRead = fc.uint8Array({ max: 4, maxLength: 300 })
  fc.assert(
    fc.property(anyRead, fc.nat(), fc.nat(1000), (bases, read, epoch) => {
      const mutated = (rate: number) => {
        const copy = bases.slice()
        mutate(copy, rate, foldKey(key, epoch), read)
        return copy
      }
      const all = mutated(1)
      const again = mutated(0.4).join()
      return (
        mutated(0).every((base, i) => base === bases[i]) &&
        all.every((base, i) => (bases[i] === 4 ? base === 4 : base !== bases[i] && base < 4)) &&
        mutated(0.4).join() === again
      )
    }),
  )
  t.throws(() => mutate(new Uint8Array(1), -0.1, key, 0), /mutation rate: got -0.1/)
  t.throws(() => mutate(new Uint8Array(1), Number.NaN, key, 0), /mutation rate: got NaN/)
  t.end()
})
