import type { CopyKernel } from '../../../kernel/kernel.js'
import { sizeOf } from '../../../kernel/shape.js'
import { collapse } from '../../shared/axes.js'
import { elementAt, extent, indices, type Passes, Source, writeTo } from './pass.js'

/** A thread for each element that is written. */
export function copyPasses({ dtype, shape, source: from, to, accumulate }: CopyKernel): Passes {
  const int = dtype === 'int32'
  const source = new Source()
  const filled = typeof from === 'number'
  const { shape: axes, strides } = collapse(shape, filled ? [to.strides] : [to.strides, from.strides])
  source.add('let intAt = this.thread.x;')
  const names = indices(source, axes, 'intAt', 'int_')
  const value = int ? 'intValue' : 'value'
  const typed = (element: string) => (int ? `bitsOf(${element})` : element)
  const constant = (x: number) => (int ? `${x | 0}` : source.float(x))
  source.add(
    `let ${value} = ${
      filled
        ? constant(from)
        : typed(`in0[${elementAt('base0', names, { offset: from.offset, strides: strides[1] })}]`)
    };`,
    `let intTo = ${elementAt('to', names, { offset: to.offset, strides: strides[0] })};`,
  )
  if (accumulate) source.add(`${value} = ${typed('out[intTo]')} + ${value};`)
  source.add(`store(out, intTo, ${int ? `ofBits(${value})` : value});`)
  return {
    passes: [
      {
        source: `${source}`,
        threads: sizeOf(shape),
        reads: filled ? [] : [{ place: { arg: 0 }, name: 0, slot: 0, ...extent(shape, from) }],
        writes: [writeTo({ arg: filled ? 0 : 1 }, accumulate ? extent(shape, to) : undefined)],
        constants: source.constants,
      },
    ],
    temps: [],
  }
}
