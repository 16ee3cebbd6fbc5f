import { gradients, runCell, type Tensor, zeros } from '../../../engine/index.js'
import { lstm } from '../../../model/cells/lstm.js'

/** Of an LSTM that is small enough to read its plan. */
export const [steps, batch, hidden] = [9, 3, 4]

export const parameters = { kernel: zeros([2 + hidden, 4 * hidden]), bias: zeros([4 * hidden]) }

/** Its inputs [steps, batch, 2]. */
export const xs = zeros([steps, batch, 2])

/** Gradients of the sum of its squared outputs. */
export function lossGradient(p: typeof parameters, xs: Tensor): typeof parameters {
  const carry = { c: zeros([batch, hidden]), h: zeros([batch, hidden]) }
  return gradients(runCell(lstm, p, carry, xs).out.square().sum(), p)
}
