import type { GatherKernel, ScatterAddKernel } from '../../../kernel/kernel.js'
import { type Passes, singlePass } from './pass.js'
import { loaded, repeat, Source, stored } from './source.js'

/** A thread for each element of the output. Elements are moved as they are, whatever their dtype. */
export function gatherPasses(kernel: GatherKernel): Passes {
  const { rows, width, count } = kernel
  const source = new Source()
  source.add(
    'let intAt = this.thread.x;',
    `let intRow = bitsOf(in1[base1 + quotient(intAt, ${width})]);`,
    `let intKnown = intMin(intMax(intRow, 0), ${Math.max(rows - 1, 0)});`,
    `let intElement = bitsOf(in0[base0 + intKnown * ${width} + remainder(intAt, ${width})]);`,
    `let intFound = intSelect(intRow === intKnown${rows ? '' : ' && intRow < 0'}, intElement, 0);`,
    'store(out, to + intAt, ofBits(intFound));',
  )
  return singlePass(kernel, source, count * width)
}

/** A thread for each element of the output goes through all indices in order, so the sum is the same every time. */
export function scatterAddPasses(kernel: ScatterAddKernel): Passes {
  const { dtype, rows, width, count, accumulate } = kernel
  const isInt = dtype === 'int32'
  const total = isInt ? 'intTotal' : 'total'
  const source = new Source()
  source.add(
    'let intAt = this.thread.x;',
    `let intRow = quotient(intAt, ${width});`,
    `let intColumn = remainder(intAt, ${width});`,
    `let ${total} = ${accumulate ? loaded(isInt, 'out[to + intAt]') : '0'};`,
    ...repeat('intStep', count, [
      'let intIndex = bitsOf(in0[base0 + intStep]);',
      'if (intIndex === intRow) {',
      `${total} = ${total} + ${loaded(isInt, `in1[base1 + intStep * ${width} + intColumn]`)};`,
      '}',
    ]),
    `store(out, to + intAt, ${stored(isInt, total)});`,
  )
  return singlePass(kernel, source, rows * width)
}
