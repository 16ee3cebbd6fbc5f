import { entries, type Tensor, type Tree } from '../engine/index.js'

/** The norm that a regulariser takes. */
export type RegulariserType = 'l1' | 'l2'

/** Whether a parameter takes part in regularisation and weight decay: one whose path has no `bias` in it. */
export const isRegularised = (path: string): boolean => !path.includes('bias')

/**
 * The reference's regulariser: the sum over parameters whose path has no `bias` in it, of `Σ v²/2` for l2 (TensorFlow's
 * `l2_loss`), of `Σ |v|` for l1. A scalar, not weighted yet.
 */
export function regulariser(type: RegulariserType, parameters: Tree): Tensor {
  const terms = entries(parameters)
    .filter(([path]) => isRegularised(path))
    .map(([, v]) => (type === 'l2' ? v.square().sum().mul(0.5) : v.abs().sum()))
  return terms.reduce((a, b) => a.add(b))
}
