import { aurocEstimate, type Estimate, pairedDelong } from '../eval/index.js'
import type { SavedModel } from './saved/index.js'
import { Scorer } from './scorer.js'
import type { Settings } from './settings.js'
import type { ValidationData } from './validation.js'

/** What is varied: hidden sizes, and the mutation rates and regulariser weights of backgrounds. */
export type Grid = {
  readonly hidden: readonly number[]
  readonly mutationRates: readonly number[]
  readonly regWeights: readonly number[]
}

/** A training of a grid: what it differs in from the others. Without mutations and regulariser it is a foreground. */
export type GridPoint = Pick<Settings, 'hidden_lstm_size' | 'mutation_rate' | 'reg_weight'>

export const isForeground = ({ mutation_rate, reg_weight }: GridPoint): boolean =>
  mutation_rate === 0 && reg_weight === 0

/** The trainings of a grid: of each hidden size the foreground, then its backgrounds. */
export function gridPoints({ hidden, mutationRates, regWeights }: Grid): GridPoint[] {
  const backgrounds = [...new Set(mutationRates)].flatMap(mutation_rate =>
    [...new Set(regWeights)].map(reg_weight => ({ mutation_rate, reg_weight })),
  )
  return [...new Set(hidden)].flatMap(hidden_lstm_size => [
    { hidden_lstm_size, mutation_rate: 0, reg_weight: 0 },
    ...backgrounds
      .map(background => ({ hidden_lstm_size, ...background }))
      .filter(point => !isForeground(point)),
  ])
}

/** The log-likelihoods of the validation reads under one model, in mean nats per base. */
export type ValidationScores = { readonly in: Float64Array; readonly ood: Float64Array }

/** Scores the validation reads with a model. `device`: where, by default the default device. */
export async function scoreValidation(
  { options, state }: SavedModel,
  { inDistribution, outOfDistribution }: ValidationData,
  device?: string,
): Promise<ValidationScores> {
  const scorer = new Scorer(options, state.parameters, 100, device)
  const means = async (reads: readonly Uint8Array[]) =>
    Float64Array.from(await scorer.score(reads), likelihood => likelihood.mean)
  try {
    return { in: await means(inDistribution), ood: await means(outOfDistribution) }
  } finally {
    scorer.dispose()
  }
}

/** What a background makes of the foreground of its size, on the validation reads. */
export type TuneRow = GridPoint & {
  /** AUROC of the likelihood ratio, with its 95 % interval. */
  readonly ratio: Estimate
  /** AUROC of the foreground's likelihood alone. */
  readonly likelihood: Estimate
  /** Two-sided p of DeLong's paired test of this ratio against the best one; NaN for the best itself. */
  readonly pAgainstBest: number
}

/**
 * The backgrounds of a grid compared, the best AUROC of the ratio first. `scored`: points whose training came to its end;
 * those of a hidden size without a foreground are left out.
 */
export function compareGrid(
  scored: readonly { readonly point: GridPoint; readonly scores: ValidationScores }[],
): TuneRow[] {
  const rows = scored.flatMap(({ point, scores }) => {
    const foreground = scored.find(
      other => isForeground(other.point) && other.point.hidden_lstm_size === point.hidden_lstm_size,
    )?.scores
    if (!foreground || isForeground(point)) return []
    const ratio = {
      in: foreground.in.map((x, i) => x - scores.in[i]),
      ood: foreground.ood.map((x, i) => x - scores.ood[i]),
    }
    return [{ point, foreground, ratio, auroc: aurocEstimate(ratio.in, ratio.ood) }]
  })
  const sorted = rows.toSorted((a, b) => b.auroc.value - a.auroc.value)
  return sorted.map(({ point, foreground, ratio, auroc }, i) => ({
    ...point,
    ratio: auroc,
    likelihood: aurocEstimate(foreground.in, foreground.ood),
    pAgainstBest: i === 0 ? Number.NaN : pairedDelong(sorted[0].ratio, ratio).p,
  }))
}
