import { concat, defineCell } from '../dist/engine/index.js'

/** A cell as a user would bring it: the forget gate refined by another gate, i = 1 - f (Gu et al. 2020, eq. 11-14). */
export const refineGateLstm = defineCell({
  name: 'refineGateLstm',
  parameters: ({ input, hidden }) => ({ kernel: [input + hidden, 4 * hidden], bias: [4 * hidden] }),
  carry: ['c', 'h'],
  step: ({ kernel, bias }, { c, h }, x, dropout) => {
    const [f, r, j, o] = concat([x, h], 1).matmul(kernel).add(bias).split(1, 4)
    const forget = f.add(1).sigmoid()
    const refine = r.sub(1).sigmoid()
    const low = forget.square()
    const high = forget.mul(2).sub(low) // 1 - (1 - f)²
    const effective = low.add(refine.mul(high.sub(low)))
    const g = dropout(j.tanh())
    const cNext = g.add(effective.mul(c.sub(g)))
    const hNext = cNext.tanh().mul(o.sigmoid())
    return { carry: { c: cNext, h: hNext }, out: hNext }
  },
})
