import { concat, defineCell } from '../../engine/index.js'

/** LSTM whose gates see the cell state (Gers, Schraudolph & Schmidhuber 2002): the output gate sees the new one. */
export const peepholeLstm = defineCell({
  name: 'peepholeLstm',
  parameters: ({ input, hidden }) => ({
    kernel: [input + hidden, 4 * hidden],
    bias: [4 * hidden],
    peep_i: [hidden],
    peep_f: [hidden],
    peep_o: [hidden],
  }),
  carry: ['c', 'h'],
  step: ({ kernel, bias, peep_i, peep_f, peep_o }, { c, h }, x, dropout) => {
    const [i, j, f, o] = concat([x, h], 1).matmul(kernel).add(bias).split(1, 4)
    const forget = f.add(c.mul(peep_f)).add(1).sigmoid()
    const cNext = c.mul(forget).add(i.add(c.mul(peep_i)).sigmoid().mul(dropout(j.tanh())))
    const hNext = cNext.tanh().mul(o.add(cNext.mul(peep_o)).sigmoid())
    return { carry: { c: cNext, h: hNext }, out: hNext }
  },
})
