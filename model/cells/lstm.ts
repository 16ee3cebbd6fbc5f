import { concat, defineCell } from '../../engine/index.js'

/**
 * The reference's cell, TensorFlow's `LayerNormBasicLSTMCell` without normalisation: gates in the order i (input),
 * j (candidate), f (forget), o (output); a forget bias of 1 added at run time; dropout on the candidate only
 * (recurrent dropout without memory loss, Semeniuta et al. 2016).
 */
export const lstm = defineCell({
  name: 'lstm',
  parameters: ({ input, hidden }) => ({ kernel: [input + hidden, 4 * hidden], bias: [4 * hidden] }),
  carry: ['c', 'h'],
  step: ({ kernel, bias }, { c, h }, x, dropout) => {
    const [i, j, f, o] = concat([x, h], 1).matmul(kernel).add(bias).split(1, 4)
    const cNext = c.mul(f.add(1).sigmoid()).add(i.sigmoid().mul(dropout(j.tanh())))
    const hNext = cNext.tanh().mul(o.sigmoid())
    return { carry: { c: cNext, h: hNext }, out: hNext }
  },
})
