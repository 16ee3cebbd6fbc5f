import { type Key, keyFromSeed, uniformAt } from '../../engine/hostRandom.js'
import {
  auprcOf,
  aurocEstimate,
  bootstrapIntervals,
  type ClassScores,
  type Counts,
  fprAtTprInterval,
  type Interval,
  pairedDelong,
  rank,
} from '../../eval/index.js'

/** A population of which samples are drawn: genera, and reads of them. */
export type Population = {
  /** Genera in a sample of each class; with one read of each, reads are independent. */
  generaIn: number
  generaOod: number
  /** Reads of a genus, or the least and the most that there may be, log-uniformly distributed. */
  readsPerGenus: number | readonly [number, number]
  /** Standard deviation of what all reads of a genus have in common; that of reads within a genus is 1. */
  generaDeviation: number
  /** By how much in-distribution reads score higher. */
  shift: number
}

/** The metrics whose intervals are the bootstrap's. */
const bootstrapped = {
  auprcIn: (counts: Counts) => auprcOf(counts, 'in'),
  auprcOod: (counts: Counts) => auprcOf(counts, 'ood'),
}

type Metric = 'auroc' | 'fpr80' | 'fpr95' | keyof typeof bootstrapped

/** How many of the intervals cover the truth, as a share, and how wide they are on average. */
type Covered = { share: number; width: number }

/** Of the intervals of each metric; `difference`: of the AUROCs of two scores that are equally good. */
export type Coverage = Record<Metric | 'difference', Covered>

/**
 * Draws `trials` samples from a population of normally distributed scores, and says for each metric how well the 95 %
 * intervals over genera cover the population's own value.
 */
export function coverage(
  population: Population,
  { trials, replicates, seed = 1 }: { trials: number; replicates: number; seed?: number },
): Coverage {
  const truth = { ...truthOf(population), difference: 0 }
  const none = (): Covered => ({ share: 0, width: 0 })
  const all: Coverage = {
    ...{ auroc: none(), auprcIn: none(), auprcOod: none() },
    ...{ fpr80: none(), fpr95: none(), difference: none() },
  }
  const names = Object.keys(all) as (keyof Coverage)[]
  for (let trial = 0; trial < trials; trial++) {
    const { first, second, labels } = sample(population, keyFromSeed(seed * 1_000_000 + trial))
    const ranking = rank(first.in, first.ood)
    const intervals: Record<keyof Coverage, Interval> = {
      auroc: aurocEstimate(first.in, first.ood, labels),
      ...bootstrapIntervals(ranking, bootstrapped, { replicates, seed: trial, labels }),
      fpr80: fprAtTprInterval(ranking, 0.8, 'in', labels),
      fpr95: fprAtTprInterval(ranking, 0.95, 'in', labels),
      difference: pairedDelong(first, second, labels).difference,
    }
    for (const name of names) {
      const { low, high } = intervals[name]
      if (low <= truth[name] && truth[name] <= high) all[name].share += 1 / trials
      all[name].width += (high - low) / trials
    }
  }
  return all
}

/** Two scores of reads of both classes, and the genera of the reads. */
type Sample = { first: ClassScores; second: ClassScores; labels: { in: string[]; ood: string[] } }

function sample(population: Population, key: Key): Sample {
  const { generaIn, generaOod, readsPerGenus, generaDeviation, shift } = population
  let drawn = 0
  const normal = (): number => {
    const [a, b] = [uniformAt(key, 0, drawn), uniformAt(key, 1, drawn)]
    drawn++
    return Math.sqrt(-2 * Math.log(1 - a)) * Math.cos(2 * Math.PI * b)
  }
  // Two scores that go together within genera and within reads, and have the same AUROC.
  const pair = (): [number, number] => {
    const common = 0.8 * normal()
    return [common + 0.6 * normal(), common + 0.6 * normal()]
  }
  const draw = (genera: number, mean: number) => {
    const drawnClass = { genus: [] as string[], first: [] as number[], second: [] as number[] }
    const [fewest, most] = typeof readsPerGenus === 'number' ? [readsPerGenus, readsPerGenus] : readsPerGenus
    for (let g = 0; g < genera; g++) {
      const effects = pair()
      const reads = Math.round(fewest * (most / fewest) ** uniformAt(key, 2, drawn))
      for (let i = 0; i < reads; i++) {
        const [a, b] = pair().map((noise, k) => mean + generaDeviation * effects[k] + noise)
        drawnClass.genus.push(`genus ${g}`)
        drawnClass.first.push(a)
        drawnClass.second.push(b)
      }
    }
    return drawnClass
  }
  const [inside, outside] = [draw(generaIn, shift), draw(generaOod, 0)]
  return {
    first: { in: inside.first, ood: outside.first },
    second: { in: inside.second, ood: outside.second },
    labels: { in: inside.genus, ood: outside.genus },
  }
}

/** The metrics of the whole population; AUPRC at the sample's share of in-distribution reads, by the midpoint rule. */
function truthOf({ generaIn, generaOod, generaDeviation, shift }: Population): Record<Metric, number> {
  const deviation = Math.hypot(1, generaDeviation)
  const share = generaIn / (generaIn + generaOod)
  const fprAt = (tpr: number): number =>
    1 - normalCdf((shift + deviation * normalQuantile(1 - tpr)) / deviation)
  const points = 4000
  let auprcIn = 0
  let auprcOod = 0
  for (let i = 0; i < points; i++) {
    const rate = (i + 0.5) / points
    const accepted = share * rate
    auprcIn += accepted / (accepted + (1 - share) * fprAt(rate)) / points
    const rejectedIn = normalCdf((deviation * normalQuantile(rate) - shift) / deviation)
    const rejected = (1 - share) * rate
    auprcOod += rejected / (rejected + share * rejectedIn) / points
  }
  return {
    auroc: normalCdf(shift / (deviation * Math.SQRT2)),
    ...{ auprcIn, auprcOod },
    fpr80: fprAt(0.8),
    fpr95: fprAt(0.95),
  }
}

/** By Abramowitz & Stegun 26.2.10, the series, for |x| up to 8. */
function normalCdf(x: number): number {
  if (Math.abs(x) > 8) return x > 0 ? 1 : 0
  let term = x
  let sum = x
  for (let k = 1; k < 200; k++) {
    term *= (x * x) / (2 * k + 1)
    sum += term
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)
}

function normalQuantile(p: number): number {
  let low = -8
  let high = 8
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2
    if (normalCdf(middle) < p) low = middle
    else high = middle
  }
  return low
}
