import { concat, defineCell } from '../../engine/index.js'

/** Gated recurrent unit (Cho et al. 2014, eq. 5-8): the reset gate r acts on the state before the matmul. */
export const gru = defineCell({
  name: 'gru',
  parameters: ({ input, hidden }) => ({
    gates_kernel: [input + hidden, 2 * hidden],
    gates_bias: { shape: [2 * hidden], value: 1 },
    kernel: [input + hidden, hidden],
    bias: [hidden],
  }),
  carry: ['h'],
  step: (p, { h }, x, dropout) => {
    const [r, z] = concat([x, h], 1).matmul(p.gates_kernel).add(p.gates_bias).sigmoid().split(1, 2)
    const candidate = dropout(
      concat([x, r.mul(h)], 1)
        .matmul(p.kernel)
        .add(p.bias)
        .tanh(),
    )
    const hNext = candidate.add(z.mul(h.sub(candidate)))
    return { carry: { h: hNext }, out: hNext }
  },
})
