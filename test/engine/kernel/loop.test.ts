import test from 'tape'
import { bufferAt, byteAt, iterations } from '../../../engine/kernel/loop.js'

const carry = { even: 3, odd: 4, offset: 0, stride: 0 }
const row = { even: 5, odd: 5, offset: 16, stride: 8 }

test('iterations count upwards in time; steps count down in reverse', t => {
  const forward = iterations({ steps: 3, reverse: false })
  const backward = iterations({ steps: 3, reverse: true })
  t.deepEqual(
    forward.map(({ number, step }) => [number, step]),
    [
      [0, 0],
      [1, 1],
      [2, 2],
    ],
  )
  t.deepEqual(
    backward.map(({ number, step }) => [number, step]),
    [
      [0, 2],
      [1, 1],
      [2, 0],
    ],
  )
  t.deepEqual(iterations({ steps: 0, reverse: true }), [])
  t.end()
})

test('a carry alternates with time, also in reverse; a row moves with the step', t => {
  const steps = 4
  for (const reverse of [false, true]) {
    const all = iterations({ steps, reverse })
    t.deepEqual(
      all.map(iteration => bufferAt(carry, iteration)),
      [3, 4, 3, 4],
      `alternates, reverse ${reverse}`,
    )
    t.deepEqual(
      all.map(iteration => byteAt(row, iteration)),
      reverse ? [40, 32, 24, 16] : [16, 24, 32, 40],
    )
  }
  t.end()
})
