import type { CopyKernel } from '../../../kernel/kernel.js'
import { sizeOf } from '../../../kernel/shape.js'
import { collapse } from '../../shared/axes.js'
import { type Passes, singlePass } from './pass.js'
import { elementAt, indices, loaded, Source, stored } from './source.js'

/** A thread for each element that is written. */
export function copyPasses(kernel: CopyKernel): Passes {
  const { dtype, shape, source: from, to, accumulate } = kernel
  const isInt = dtype === 'int32'
  const isFill = typeof from === 'number'
  const { shape: axes, strides } = collapse(shape, isFill ? [to.strides] : [to.strides, from.strides])
  const source = new Source()
  source.add('let intAt = this.thread.x;')
  const names = indices(source, axes, 'intAt', 'int_')
  const value = isInt ? 'intValue' : 'value'
  const constant = (x: number) => (isInt ? `${x | 0}` : source.float(x))
  source.add(
    `let ${value} = ${
      isFill
        ? constant(from)
        : loaded(isInt, `in0[${elementAt('base0', names, { offset: from.offset, strides: strides[1] })}]`)
    };`,
    `let intTo = ${elementAt('to', names, { offset: to.offset, strides: strides[0] })};`,
  )
  if (accumulate) source.add(`${value} = ${loaded(isInt, 'out[intTo]')} + ${value};`)
  source.add(`store(out, intTo, ${stored(isInt, value)});`)
  return singlePass(kernel, source, sizeOf(shape))
}
