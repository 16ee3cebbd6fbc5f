import test from 'tape'
import { referenceDevice } from '../../../engine/devices/reference/index.js'
import { type Device, registerDevice } from '../../../engine/index.js'
import { deviceConformance } from '../../../engine/testing/index.js'
import '../allCells.js'
import { effort } from '../../effort.js'
import { isRequired } from '../kernel/support.js'

// The engine on a device that takes the least that the trait allows: it splits everything else.

const refused = new Set<string>()
registerDevice('minimal', (): Device => {
  const reference = referenceDevice()
  return {
    ...reference,
    name: 'minimal',
    compile: kernel => {
      if (isRequired(kernel)) return reference.compile(kernel)
      refused.add(kernel.kind)
      return null
    },
  }
})

deviceConformance(test, 'minimal', { effort })

test('a device that takes only what it must was asked for more, and declined', t => {
  t.deepEqual([...refused].sort(), ['loop', 'map', 'matmul', 'reduce'])
  t.end()
})
