import { concat, defineCell } from '../dist/engine/index.js'

/** sign(y) log(1 + |y|): as tanh near 0, but without bounds. */
const signedLog = y => y.sign().mul(y.abs().add(1).log())

/** A cell as a user would bring it: an LSTM whose candidate and state go through a signed logarithm instead of tanh. */
export const signedLogLstm = defineCell({
  name: 'signedLogLstm',
  parameters: ({ input, hidden }) => ({ kernel: [input + hidden, 4 * hidden], bias: [4 * hidden] }),
  carry: ['c', 'h'],
  step: ({ kernel, bias }, { c, h }, x, dropout) => {
    const [i, j, f, o] = concat([x, h], 1).matmul(kernel).add(bias).split(1, 4)
    const cNext = c.mul(f.add(1).sigmoid()).add(i.sigmoid().mul(dropout(signedLog(j))))
    const hNext = signedLog(cNext).mul(o.sigmoid())
    return { carry: { c: cNext, h: hNext }, out: hNext }
  },
})
