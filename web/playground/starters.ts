/** Texts to start from: every cell that comes with Xenograd, as its file is, and two that teach. */

const files = import.meta.glob<string>('../../model/cells/*.ts', {
  query: '?raw',
  import: 'default',
  eager: true,
})

/** A text to start from. */
export type Starter = { readonly name: string; readonly text: string }

const minimal = `import { concat, defineCell } from 'xenograd'

/** All that it remembers goes through one tanh (Elman 1990). */
export const elman = defineCell({
  name: 'elman',
  parameters: ({ input, hidden }) => ({
    kernel: [input + hidden, hidden],
    bias: [hidden],
  }),
  carry: ['h'],
  step: ({ kernel, bias }, { h }, x, dropout) => {
    const all = concat([x, h], 1)
    const out = dropout(all.matmul(kernel).add(bias).tanh())
    return { carry: { h: out }, out }
  },
})
`

const wrong = `import { concat, defineCell } from 'xenograd'

/** A mistake to find: the loss falls all the same. */
export const detached = defineCell({
  name: 'detached',
  parameters: ({ input, hidden }) => ({
    kernel: [input + hidden, 2 * hidden],
    bias: [2 * hidden],
  }),
  carry: ['h'],
  step: ({ kernel, bias }, { h }, x, dropout) => {
    const gates = concat([x, h], 1).matmul(kernel).add(bias)
    const [z, candidate] = gates.split(1, 2)
    const keep = z.sigmoid().detach() // hides it from the gradient
    const write = keep.neg().add(1)
    const out = h.mul(keep).add(dropout(candidate.tanh()).mul(write))
    return { carry: { h: out }, out }
  },
})
`

const nameOf = (path: string): string => path.replace(/^.*\/|\.ts$/g, '')

/** As users write it: from the package instead of the project's folders. */
const fromPackage = (text: string): string =>
  text.replace(/from '(?:\.\.\/)+engine\/index\.js'/, "from 'xenograd'")

export const starters: readonly Starter[] = [
  ...Object.entries(files).map(([path, text]) => ({ name: nameOf(path), text: fromPackage(text) })),
  { name: 'elman', text: minimal },
  { name: 'detached', text: wrong },
]

/** The starter of a name; the built-in LSTM where there is none. */
export const starterNamed = (name: string | null): Starter =>
  starters.find(starter => starter.name === name) ??
  starters.find(starter => starter.name === 'lstm') ??
  starters[0]

/** The starter of a text, as long as nobody has changed it. */
export const starterOf = (text: string): Starter | undefined =>
  starters.find(starter => starter.text === text)
