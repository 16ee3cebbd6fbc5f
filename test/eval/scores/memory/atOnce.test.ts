import test from 'tape'
import { AtOnce } from '../../../../eval/scores/memory/atOnce.js'

/** Tasks of some sizes, given at once: what begins and ends, as they are told to end one after another. */
async function courseOf(most: number, sizes: readonly number[]): Promise<string> {
  const atOnce = new AtOnce(most)
  const course: string[] = []
  const ends: (() => void)[] = []
  const done = sizes.map((size, i) =>
    atOnce.do(size, async () => {
      course.push(`+${i}`)
      await new Promise<void>(end => ends.push(end))
      course.push(`-${i}`)
      if (i % 2 === 1) throw new Error(`task ${i}`)
      return i
    }),
  )
  const settled = Promise.allSettled(done)
  for (let i = 0; i < sizes.length; i++) {
    while (!ends[i]) await undefined
    ends[i]()
    await done[i].catch(() => {})
  }
  for (const [i, result] of (await settled).entries())
    course.push(result.status === 'fulfilled' ? `${result.value}` : `${i}: ${result.reason.message}`)
  return course.join(' ')
}

test('at once: so much and no more, in the order in which it was asked for, also after failures', async t => {
  t.equal(await courseOf(1, [1, 1, 1]), '+0 -0 +1 -1 +2 -2 0 1: task 1 2')
  t.equal(
    await courseOf(3, [2, 1, 3, 1]),
    '+0 +1 -0 -1 +2 -2 +3 -3 0 1: task 1 2 3: task 3',
    'a small one does not overtake a large one',
  )
  t.equal(await courseOf(2, [1, 9, 0]), '+0 -0 +1 +2 -1 -2 0 1: task 1 2', 'a larger one has all for itself')
})
