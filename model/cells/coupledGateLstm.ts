import { concat, defineCell } from '../../engine/index.js'

/** LSTM that forgets exactly as much as it takes in, f = 1 - i (Greff et al. 2017, "CIFG"): three gates. */
export const coupledGateLstm = defineCell({
  name: 'coupledGateLstm',
  parameters: ({ input, hidden }) => ({ kernel: [input + hidden, 3 * hidden], bias: [3 * hidden] }),
  carry: ['c', 'h'],
  step: ({ kernel, bias }, { c, h }, x, dropout) => {
    const [j, f, o] = concat([x, h], 1).matmul(kernel).add(bias).split(1, 3)
    const forget = f.add(1).sigmoid()
    const g = dropout(j.tanh())
    const cNext = g.add(forget.mul(c.sub(g))) // f·c + (1 - f)·g
    const hNext = cNext.tanh().mul(o.sigmoid())
    return { carry: { c: cNext, h: hNext }, out: hNext }
  },
})
