import test from 'tape'
import { Cann, setUpStub } from './cann.js'
import { buildStub, lastMisuse, noStub } from './stub.js'

// In a process of its own: what is loaded stays loaded.
const missing = await noStub()

if (missing) test(`layouts of libraries (${missing})`, { skip: true }, () => {})
else
  test('stub: the split libraries work alone, and not together with the one library', async t => {
    const folder = buildStub('both')
    setUpStub(folder)
    const split = await Cann.load(folder, 'split')
    split.open()
    const [x, y] = [2, 0].map(value => split.buffer(Float32Array.of(value)))
    const [from, to] = [x, y].map(buffer => split.tensor(buffer, [1, 1]))
    // One operator of each.
    split.run('Neg', from, to)
    t.deepEqual(split.read(y, 1), [-2])
    split.run('Matmul', from, from, to, 0)
    t.deepEqual(split.read(y, 1), [4])
    split.destroy(from, to)
    split.free(x, y)
    split.close()

    const both = await Cann.load(folder, 'both')
    t.equal(both.call('aclInit', null), 500000)
    t.match(
      await lastMisuse(folder),
      /^libopapi\.so and the split libraries of operators are loaded together/,
    )
  })
