import { concat, defineCell, layerNorm } from '../../engine/index.js'

/**
 * The reference's cell with `norm_lstm`: each gate and the new cell state are normalised over the hidden axis (Ba et
 * al. 2016), the normalised state is carried, and there is no bias. A parameter's prefix is its scope in TensorFlow.
 */
export const layerNormLstm = defineCell({
  name: 'layerNormLstm',
  parameters: ({ input, hidden }) => {
    const gamma = { shape: [hidden], value: 1 }
    const beta = { shape: [hidden], value: 0 }
    return {
      kernel: [input + hidden, 4 * hidden],
      input_gamma: gamma,
      input_beta: beta,
      transform_gamma: gamma,
      transform_beta: beta,
      forget_gamma: gamma,
      forget_beta: beta,
      output_gamma: gamma,
      output_beta: beta,
      state_gamma: gamma,
      state_beta: beta,
    }
  },
  carry: ['c', 'h'],
  step: (p, { c, h }, x, dropout) => {
    const [i, j, f, o] = concat([x, h], 1).matmul(p.kernel).split(1, 4)
    const input = layerNorm(i, p.input_gamma, p.input_beta).sigmoid()
    const candidate = dropout(layerNorm(j, p.transform_gamma, p.transform_beta).tanh())
    const forget = layerNorm(f, p.forget_gamma, p.forget_beta).add(1).sigmoid()
    const output = layerNorm(o, p.output_gamma, p.output_beta).sigmoid()
    const cNext = layerNorm(c.mul(forget).add(input.mul(candidate)), p.state_gamma, p.state_beta)
    const hNext = cNext.tanh().mul(output)
    return { carry: { c: cNext, h: hNext }, out: hNext }
  },
})
