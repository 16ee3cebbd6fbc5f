import type { GatherKernel, ScatterAddKernel } from '../../../kernel/kernel.js'
import { type Passes, readOf, repeat, Source, writeTo } from './pass.js'

/** A thread for each element of the output. Elements are moved as they are, whatever their dtype. */
export function gatherPasses({ rows, width, count }: GatherKernel): Passes {
  const source = new Source()
  source.add(
    'let intAt = this.thread.x;',
    `let intRow = bitsOf(in1[base1 + quotient(intAt, ${width})]);`,
    `let intKnown = intMin(intMax(intRow, 0), ${Math.max(rows - 1, 0)});`,
    `let intElement = bitsOf(in0[base0 + intKnown * ${width} + remainder(intAt, ${width})]);`,
    `let intFound = intSelect(intRow === intKnown${rows ? '' : ' && intRow < 0'}, intElement, 0);`,
    'store(out, to + intAt, ofBits(intFound));',
  )
  return {
    passes: [
      {
        source: `${source}`,
        threads: count * width,
        reads: [readOf({ arg: 0 }, 0, rows * width), readOf({ arg: 1 }, 1, count)],
        writes: [writeTo({ arg: 2 })],
        constants: [],
      },
    ],
    temps: [],
  }
}

/** A thread for each element of the output goes through all indices in order, so the sum is the same every time. */
export function scatterAddPasses({ dtype, rows, width, count, accumulate }: ScatterAddKernel): Passes {
  const source = new Source()
  const int = dtype === 'int32'
  const total = int ? 'intTotal' : 'total'
  const typed = (element: string) => (int ? `bitsOf(${element})` : element)
  const before = typed('out[to + intAt]')
  source.add(
    'let intAt = this.thread.x;',
    `let intRow = quotient(intAt, ${width});`,
    `let intColumn = remainder(intAt, ${width});`,
    `let ${total} = ${accumulate ? before : '0'};`,
    ...repeat('intStep', count, [
      'let intIndex = bitsOf(in0[base0 + intStep]);',
      'if (intIndex === intRow) {',
      `${total} = ${total} + ${typed(`in1[base1 + intStep * ${width} + intColumn]`)};`,
      '}',
    ]),
    `store(out, to + intAt, ${int ? `ofBits(${total})` : total});`,
  )
  return {
    passes: [
      {
        source: `${source}`,
        threads: rows * width,
        reads: [readOf({ arg: 0 }, 0, count), readOf({ arg: 1 }, 1, count * width)],
        writes: [writeTo({ arg: 2 }, accumulate ? { first: 0, length: rows * width } : undefined)],
        constants: [],
      },
    ],
    temps: [],
  }
}
