import test from 'tape'
import { referenceDevice } from '../../../engine/devices/reference/index.js'
import { closeDevice, compile, type Device, ones, type Program, type Tensor } from '../../../engine/index.js'
import { registerDevice } from '../../../engine/runtime/devices.js'
import { ProgramCache } from '../../../engine/runtime/programs.js'
import { sum } from '../../../engine/testing/conformance/simpleKernels.js'

/** The reference device, which counts the programs that it holds. */
function counting(): { device: Device; live: Set<Program> } {
  const reference = referenceDevice()
  const live = new Set<Program>()
  const device: Device = {
    ...reference,
    compile(kernel) {
      const program = reference.compile(kernel)
      if (program) live.add(program)
      return program
    },
    release: program => void live.delete(program),
  }
  return { device, live }
}

test('programs that are used stay; of the others those that were used last', t => {
  const { device, live } = counting()
  const cache = new ProgramCache(device, 2)
  const [one, two, three, four] = [1, 2, 3, 4].map(n => cache.take(sum(n))!)
  t.equal(cache.take(sum(1)), one, 'the same kernel, the same program')
  cache.giveBack([one, two, three, four])
  t.deepEqual(
    [...live],
    [one, three, four],
    'the first is still used once, the second was unused the longest',
  )
  t.equal(cache.take(sum(3)), three, 'what is kept is not compiled again')
  cache.giveBack([one, three])
  t.deepEqual([...live], [one, three])
  t.notEqual(cache.take(sum(2)), two)
  t.end()
})

test('ever new shapes do not fill the memory', async t => {
  const { device, live } = counting()
  registerDevice('counting programs', () => device)
  for (let n = 1; n <= 1500; n++) {
    const double = compile((x: Tensor) => x.add(x), { device: 'counting programs' })
    double(ones([n])).dispose()
    double.dispose()
  }
  t.ok(live.size <= 1100, `${live.size} programs of more than 1500`)
  await closeDevice('counting programs')
})
