import { type Key, keyFromSeed, uniformAt } from '../../engine/hostRandom.js'
import { aurocEstimateOf, pairedDelongOf } from '../../eval/delong.js'
import {
  auprcOf,
  aurocOf,
  bootstrapIntervals,
  type ClassScores,
  type Counts,
  fprAtTprInterval,
  fprAtTprOf,
  type Interval,
  rank,
} from '../../eval/index.js'

/** A distribution with mean 0 and variance 1, as a function of a normal one. */
export type Shape = keyof typeof shapes

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
  /** How genera are distributed, and reads of a genus around what they have in common; default `normal`. */
  generaShape?: Shape
  readsShape?: Shape
  /** Scores are multiples of this, so that many are tied; without it none are. */
  step?: number
}

/** Of each distribution its value where a normal one has `z`, and its cumulative distribution function. */
const shapes = {
  normal: { fromNormal: (z: number) => z, cdf: normalCdf },
  /** Student's t with four degrees of freedom (Shaw, Journal of Computational Finance 9 (2006) 37–73). */
  heavyTails: {
    fromNormal: (z: number) => {
      const p = normalCdf(z)
      const root = Math.sqrt(4 * p * (1 - p))
      return Math.sign(z) * Math.sqrt(2 * Math.max(0, Math.cos(Math.acos(root) / 3) / root - 1))
    },
    cdf: (x: number) => {
      const square = (2 * x * x) / (1 + (x * x) / 2)
      return 0.5 + ((3 * Math.sign(x)) / 8) * Math.sqrt(square) * (1 - square / 12)
    },
  },
  /** Exponential, towards low and towards high scores. */
  lowTail: {
    fromNormal: (z: number) => 1 + Math.log(normalCdf(z)),
    cdf: (x: number) => Math.min(1, Math.exp(x - 1)),
  },
  highTail: {
    fromNormal: (z: number) => -1 - Math.log(normalCdf(-z)),
    cdf: (x: number) => Math.max(0, 1 - Math.exp(-x - 1)),
  },
  /** One in five is two and a half lower than the others. */
  fifthLow: {
    fromNormal: (z: number) => (normalCdf(z) < 0.2 ? -2 : 0.5),
    cdf: (x: number) => (x < -2 ? 0 : x < 0.5 ? 0.2 : 1),
  },
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
 * Draws `trials` samples from a population, and says for each metric how well the 95 % intervals over genera cover the
 * population's own value.
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
      auroc: aurocEstimateOf(ranking, labels),
      ...bootstrapIntervals(ranking, bootstrapped, { replicates, seed: trial, labels }),
      fpr80: fprAtTprInterval(ranking, 0.8, 'in', labels),
      fpr95: fprAtTprInterval(ranking, 0.95, 'in', labels),
      difference: pairedDelongOf(ranking, rank(second.in, second.ood), labels).difference,
    }
    for (const name of names) {
      const { low, high } = intervals[name]
      if (low <= truth[name] && truth[name] <= high) all[name].share += 1 / trials
      // One that is undefined says nothing: it does not cover, and is as wide as can be.
      all[name].width += (Number.isNaN(high) ? 1 : high - low) / trials
    }
  }
  return all
}

/** Two scores of reads of both classes, and the genera of the reads. */
type Sample = { first: ClassScores; second: ClassScores; labels: { in: string[]; ood: string[] } }

function sample(population: Population, key: Key): Sample {
  const { generaIn, generaOod, readsPerGenus, generaDeviation, shift, step } = population
  const genusShape = shapes[population.generaShape ?? 'normal']
  const readShape = shapes[population.readsShape ?? 'normal']
  const rounded = (score: number): number => (step ? Math.round(score / step) * step : score)
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
      const effects = pair().map(genusShape.fromNormal)
      const reads = Math.round(fewest * (most / fewest) ** uniformAt(key, 2, drawn))
      for (let i = 0; i < reads; i++) {
        const [a, b] = pair().map((z, k) =>
          rounded(mean + generaDeviation * effects[k] + readShape.fromNormal(z)),
        )
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

/**
 * The metrics of the whole population, at the sample's share of in-distribution reads: those of its shares of reads in
 * narrow steps of scores, or in the steps that there are.
 */
function truthOf(population: Population): Record<Metric, number> {
  const { generaIn, generaOod, generaDeviation, shift, generaShape, readsShape } = population
  const step = population.step ?? 0.002
  const { fromNormal } = shapes[generaShape ?? 'normal']
  const { cdf } = shapes[readsShape ?? 'normal']
  const points = generaDeviation === 0 ? 1 : 200
  const genera = Array.from(
    { length: points },
    (_, i) => generaDeviation * fromNormal(normalQuantile((i + 0.5) / points)),
  )
  const below = (score: number): number => genera.reduce((sum, genus) => sum + cdf(score - genus), 0) / points
  const edge = Math.round(12 / step)
  const shares = (mean: number, count: number): Float64Array => {
    const bounds = Float64Array.from({ length: 2 * edge + 1 }, (_, i) =>
      below((i - edge + 0.5) * step - mean),
    )
    bounds[2 * edge] = 1
    return bounds.map((bound, i) => count * (bound - (i === 0 ? 0 : bounds[i - 1])))
  }
  const counts = { inCounts: shares(shift, generaIn), oodCounts: shares(0, generaOod) }
  return {
    auroc: aurocOf(counts),
    auprcIn: bootstrapped.auprcIn(counts),
    auprcOod: bootstrapped.auprcOod(counts),
    fpr80: fprAtTprOf(counts, 0.8, 'in'),
    fpr95: fprAtTprOf(counts, 0.95, 'in'),
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
