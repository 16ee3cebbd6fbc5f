import test from 'tape'
import { referenceDevice } from '../../../engine/devices/reference/index.js'
import { type Device, type Kernel, registerDevice } from '../../../engine/index.js'
import { isContiguous } from '../../../engine/kernel/shape.js'
import { deviceConformance } from '../../../engine/testing/index.js'
import '../allCells.js'
import { effort } from '../effort.js'

// The engine on a device that takes the least that the trait allows: it splits everything else.

/** What every device must take, and nothing else. */
function isRequired(kernel: Kernel): boolean {
  switch (kernel.kind) {
    case 'map': {
      const operations = kernel.body.filter(i => i.op !== 'input' && i.op !== 'const')
      return (
        operations.length <= 1 &&
        kernel.outputs.length === 1 &&
        isContiguous(kernel.shape, kernel.outputs[0].view)
      )
    }
    case 'reduce':
      return kernel.inputs.length === 1 && kernel.body.length === 1
    case 'matmul':
      return !kernel.accumulate
    case 'loop':
      return false
    default:
      return true
  }
}

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
