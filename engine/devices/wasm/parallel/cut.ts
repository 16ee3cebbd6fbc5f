import type { Kernel } from '../../../kernel/kernel.js'

/** One part of a kernel: a kernel of the same kind, whose arguments begin `offsets` bytes further on. */
export type Part<K extends Kernel = Kernel> = { readonly kernel: K; readonly offsets: readonly number[] }

/** `count` indices of an axis from `first` on. */
export type Interval = { readonly first: number; readonly count: number }

/** Cut `size` indices into `count` intervals of about one length; all but the last have a multiple of `unit`. */
export function cutEvenly(size: number, count: number, unit: number): Interval[] {
  const start = (i: number) => (i === count ? size : unit * Math.round((i * size) / (count * unit)))
  return Array.from({ length: count }, (_, i) => ({ first: start(i), count: start(i + 1) - start(i) }))
}
