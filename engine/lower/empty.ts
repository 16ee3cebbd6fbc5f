import type { LoopArg } from '../kernel/kernel.js'
import { operands, withViews, writtenArguments } from '../kernel/operands.js'
import { sizeOf } from '../kernel/shape.js'
import type { PlannedLaunch } from './buffers.js'

/**
 * A launch without what touches no memory, so that no device need think of it: undefined if it writes nothing (there are
 * no elements, or no steps); operands without elements, which a slice or a row may have put past the end of their buffers,
 * are at the buffers' beginning.
 */
export function withoutEmpty(launch: PlannedLaunch): PlannedLaunch | undefined {
  const { kernel, args } = launch
  if (kernel.kind === 'loop') return kernel.steps && kernel.body.length ? launch : undefined
  const all = operands(kernel)
  const isEmpty = all.map(({ shape }) => sizeOf(shape) === 0)
  if (!isEmpty.includes(true)) return launch
  if ([...writtenArguments(kernel)].every(i => isEmpty[i])) return undefined
  const views = all.map(({ view }, i) => (isEmpty[i] ? { ...view, offset: 0 } : view))
  const atStart = (arg: LoopArg): LoopArg => ({ ...arg, offset: 0, stride: 0 })
  return { kernel: withViews(kernel, views), args: args.map((arg, i) => (isEmpty[i] ? atStart(arg) : arg)) }
}
