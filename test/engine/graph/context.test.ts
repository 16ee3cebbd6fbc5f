import test from 'tape'
import { context, within } from '../../../engine/graph/context.js'
import { collectRemarks, dump, remark, withinPart } from '../../../engine/graph/remarks.js'

const every = (steps: number) => steps

test('what is changed holds within the call, and for what it calls', t => {
  const before = context()
  const seen = within({ checkpoints: every }, () => within({ part: ['loop'] }, () => context()))
  t.deepEqual([seen.checkpoints, seen.part], [every, ['loop']])
  t.equal(context(), before)
  t.throws(() =>
    within({ checkpoints: every }, () => {
      throw new Error('no')
    }),
  )
  t.equal(context(), before, 'also when it throws')
  t.end()
})

test('a change for asynchronous work holds until that is settled', async t => {
  const before = context()
  const working = within({ part: ['work'] }, async () => {
    await Promise.resolve()
    return context().part
  })
  t.deepEqual(await working, ['work'])
  t.equal(context(), before)
  await within({ part: ['work'] }, () => Promise.reject(new Error('no'))).catch(() => {})
  t.equal(context(), before, 'also when it fails')
})

test('changes that overlap are refused, and none of them stays', async t => {
  const before = context()
  let finish = () => {}
  const first = within({ part: ['first'] }, () => new Promise<void>(resolve => (finish = resolve)))
  const second = within({ part: ['second'] }, () => new Promise(resolve => setTimeout(resolve, 5)))
  finish()
  const failure = await first.catch((error: Error) => error.message)
  t.match(
    String(failure),
    /scope: an asynchronous scope has ended while one that began after it is still open/,
  )
  t.deepEqual(context().part, ['second'])
  await second
  t.equal(context(), before)
})

test('passes speak only while somebody listens, and say in which part of the program', t => {
  let asked = 0
  const speak = () =>
    remark('fuse', () => {
      asked++
      return 'why'
    })
  speak()
  t.equal(asked, 0, 'nobody listens: nothing is put into words')
  const { value, remarks } = collectRemarks(() =>
    withinPart('outer', () =>
      withinPart('inner', () => {
        speak()
        dump(
          'simplify',
          () => ['a', 'b'],
          () => ['a'],
        )
        return 7
      }),
    ),
  )
  t.equal(value, 7)
  t.deepEqual(remarks, [
    { pass: 'fuse', part: ['outer', 'inner'], text: 'why', dump: false },
    { pass: 'simplify', part: ['outer', 'inner'], text: 'in:\na\nb', dump: true },
    { pass: 'simplify', part: ['outer', 'inner'], text: 'out:\na', dump: true },
  ])
  t.end()
})
