import test from 'tape'
import { mutate } from '../../data/mutate.js'
import { gcFraction, type Read } from '../../data/read.js'
import { type SyntheticOptions, syntheticReads } from '../../data/synthetic.js'
import { keyFromSeed } from '../../engine/hostRandom.js'

const draw = (options: Partial<SyntheticOptions>): Read[] => [
  ...syntheticReads({ split: 'in_tr', count: 600, seed: 1, ...options }),
]

test('synthetic reads: named so, labelled, of the given number and length, all bases known', t => {
  const reads = draw({ split: 'ood_val', count: 13, length: 70, genera: 3 })
  t.equal(reads.length, 13)
  t.ok(reads.every(read => read.bases.length === 70 && read.bases.every(base => base < 4)))
  t.ok(reads.every(read => /^synthetic_ood_[123]\|ood_val\|\d+$/.test(read.name)))
  t.deepEqual(
    reads.slice(0, 4).map(read => read.label),
    [3, 4, 5, 3],
  )
  t.equal(draw({})[5].genus, 'synthetic_in_6')
  t.end()
})

test('synthetic reads: a pure function of seed and split', t => {
  t.deepEqual(draw({ seed: 3 }), draw({ seed: 3 }))
  t.deepEqual(draw({ count: 5 }), draw({ count: 50 }).slice(0, 5))
  const text = (options: Partial<SyntheticOptions>) => new Set(draw(options).map(read => read.bases.join('')))
  const train = text({})
  for (const other of [text({ seed: 2 }), text({ split: 'in_val' }), text({ split: 'ood_test' })])
    t.notOk([...other].some(bases => train.has(bases)))
  t.end()
})

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const deviation = (values: number[]) => Math.sqrt(mean(values.map(value => (value - mean(values)) ** 2)))

test('synthetic reads: GC content is spread alike in and out of distribution', t => {
  const [inside, outside] = (['in_val', 'ood_val'] as const).map(split =>
    draw({ split, count: 3000 }).map(read => gcFraction(read.bases)),
  )
  t.ok(Math.abs(mean(inside) - mean(outside)) < 0.02, `${mean(inside)}, ${mean(outside)}`)
  t.ok(Math.abs(mean(inside) - 0.5) < 0.02)
  t.ok(
    deviation(inside) > 0.15 && Math.abs(deviation(inside) - deviation(outside)) < 0.01,
    `${deviation(inside)}`,
  )
  t.end()
})

/**
 * Log-likelihood per base of a model counted in `reads`: a chain of order 3 for each GC content, that of the read, as
 * a recurrent network finds it out while it reads.
 */
function markovModel(reads: Read[]): (read: Read) => number {
  const order = 3
  const gcBins = 8
  const entries = 4 ** (order + 1)
  const counts = new Float64Array((gcBins + 1) * entries).fill(1)
  const walk = (bases: Uint8Array, visit: (entry: number) => void) => {
    let context = Math.round(gcFraction(bases) * gcBins) * entries
    const first = context
    for (let i = 0; i < bases.length; i++) {
      context = first + (((context - first) * 4 + bases[i]) % entries)
      if (i >= order) visit(context)
    }
  }
  for (const { bases } of reads)
    walk(bases, entry => {
      counts[entry]++
    })
  return ({ bases }) => {
    let sum = 0
    walk(bases, entry => {
      const [a, c, g, t] = counts.subarray(entry & ~3, (entry & ~3) + 4)
      sum += Math.log(counts[entry] / (a + c + g + t))
    })
    return sum / (bases.length - order)
  }
}

const auroc = (positive: number[], negative: number[]): number =>
  mean(positive.map(p => mean(negative.map(n => (p > n ? 1 : p === n ? 0.5 : 0)))))

test('synthetic reads: the ratio to a background of mutated reads tells more than the likelihood', t => {
  for (const seed of [1, 2, 3]) {
    const train = draw({ seed, count: 6000 })
    const foreground = markovModel(train)
    const background = markovModel(
      train.map((read, i) => {
        const bases = read.bases.slice()
        mutate(bases, 0.2, keyFromSeed(seed), i)
        return { ...read, bases }
      }),
    )
    const [inside, outside] = (['in_val', 'ood_val'] as const).map(split => draw({ seed, split, count: 600 }))
    const likelihood = auroc(inside.map(foreground), outside.map(foreground))
    const ratio = (read: Read) => foreground(read) - background(read)
    const likelihoodRatio = auroc(inside.map(ratio), outside.map(ratio))
    t.ok(
      likelihoodRatio > likelihood + 0.1,
      `seed ${seed}: likelihood ${likelihood.toFixed(3)}, ratio ${likelihoodRatio.toFixed(3)}`,
    )
  }
  t.end()
})
