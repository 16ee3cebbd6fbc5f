import { findCell } from '../dist/model/index.js'

/** What a training step of the built-in cell is made with where nobody is compared with: dropout as the reference has it. */
export const trainingOptions = async (hidden, dropoutRate = 0.1) => ({
  cell: await findCell('lstm'),
  hidden,
  learningRate: 5e-4,
  dropoutRate,
  regulariserType: 'l2',
  regulariserWeight: 0,
  seed: 1,
})
