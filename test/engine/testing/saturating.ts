import { referenceDevice } from '../../../engine/devices/reference/index.js'
import type { Device } from '../../../engine/index.js'
import { operands, writtenArguments } from '../../../engine/kernel/operands.js'
import { memoryOf } from './mutants/mutant.js'

const largest = 3.4028234663852886e38

/** The reference device with floats as the first Ascend NPUs have them: infinity is the largest number, and NaN is 0. */
export function saturating(): Device {
  const reference = referenceDevice()
  return {
    ...reference,
    // One operation after the other, so that every value is stored once.
    compile: kernel => (kernel.kind === 'loop' ? null : reference.compile(kernel)),
    run(program, args) {
      reference.run(program, args)
      const { kernel } = program
      if (kernel.kind === 'loop') return
      for (const argument of writtenArguments(kernel)) {
        if (operands(kernel)[argument].dtype !== 'float32') continue
        const values = new Float32Array(memoryOf(args[argument]))
        values.forEach((x, i) => {
          values[i] = Number.isNaN(x) ? 0 : Math.max(-largest, Math.min(largest, x))
        })
      }
    },
  }
}
