import type { OutlinedKernel } from '../work/index.js'

/** Kinds of kernels for people, where their names alone do not say it. */
const kinds: Readonly<Partial<Record<OutlinedKernel['kind'], string>>> = {
  matmul: 'product',
  map: 'elementwise',
  reduce: 'reduction',
}

/** A kernel's kind in a word or two. */
export const kindOf = ({ kind }: OutlinedKernel): string => kinds[kind] ?? kind

const times = (sizes: string): string => sizes.replaceAll(/[,x]/g, '×')

/** What a kernel does, in at most some 20 characters; the first line of its text is as `printKernel` has it. */
export function summaryOf({ kind, text, loop }: OutlinedKernel): string {
  if (loop) return `${loop.steps} steps${loop.reverse ? ', backward' : ''}`
  const [first, ...lines] = text.split('\n')
  const sizes = times(/\[(.*?)\]/.exec(first)?.[1] ?? '') || 'a number'
  switch (kind) {
    case 'matmul': {
      const [, a, b] = /(\d+x\d+) .*? by (\d+x\d+)/.exec(first) ?? []
      return a ? `${times(a)} by ${times(b)}` : ''
    }
    case 'map': {
      const operations = lines.filter(line => /^\s*%/.test(line)).length
      return `${operations} ${operations === 1 ? 'op' : 'ops'} on ${sizes}`
    }
    case 'reduce':
      return `${/^reduce (\w+)/.exec(first)?.[1] ?? ''} of ${sizes}`
    default:
      return sizes
  }
}
