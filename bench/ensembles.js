// What an ensemble of generative models brings: AUROC of each model's likelihood and ratio, of their means, and of WAIC.
//
//   node bench/ensembles.js FOREGROUND,BACKGROUND … --in FOLDER --ood FOLDER
//
// Each argument is a pair of runs (or files) of one seed; the folders are of `xenograd sample`. Differences are to the first
// model's likelihood, paired (DeLong), over reads.
import { parseArgs } from 'node:util'
import { findFiles, readReads } from '../dist/data/index.js'
import { openDevice } from '../dist/engine/index.js'
import { aurocEstimate, pairedDelong } from '../dist/eval/index.js'
import { likelihood, likelihoodRatio, waic } from '../dist/eval/scores/index.js'
import { loadModel, Scorer } from '../dist/model/index.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { in: { type: 'string' }, ood: { type: 'string' }, threads: { type: 'string', default: '1' } },
})
await openDevice('wasm', { threads: Number(values.threads), blas: 'off', vectors: 'auto' })

async function readsOf(folder, split) {
  const reads = []
  for (const file of await findFiles(folder, split))
    for await (const { bases } of readReads(file)) reads.push(bases)
  return reads
}

/** A model whose likelihoods of a set of fragments are computed once. */
async function modelOf(path) {
  const { options, state } = await loadModel(path)
  const scorer = new Scorer(options, state.parameters)
  const known = new Map()
  const logLikelihoods = fragments => {
    if (!known.has(fragments)) known.set(fragments, scorer.score(fragments))
    return known.get(fragments)
  }
  return { logLikelihoods }
}

/** The mean of scores. */
const meanOf = (name, scores) => ({
  name,
  score: async fragments => {
    const each = await Promise.all(scores.map(score => score.score(fragments)))
    return Float64Array.from(fragments, (_, i) => each.reduce((sum, of) => sum + of[i], 0) / each.length)
  },
})

const pairs = await Promise.all(
  positionals.map(async pair => {
    const [foreground, background] = await Promise.all(pair.split(',').map(modelOf))
    return { foreground, background }
  }),
)
const likelihoods = pairs.map(({ foreground }, i) => likelihood(`likelihood ${i + 1}`, foreground))
const ratios = pairs.map(({ foreground, background }, i) =>
  likelihoodRatio(`ratio ${i + 1}`, foreground, background),
)
const scores = [
  ...likelihoods,
  meanOf('mean likelihood', likelihoods),
  waic(pairs.map(({ foreground }) => foreground)),
  ...ratios,
  meanOf('mean ratio', ratios),
]
const [inside, outside] = [await readsOf(values.in, 'in_val'), await readsOf(values.ood, 'ood_val')]
console.log(`${inside.length} in-distribution and ${outside.length} out-of-distribution fragments

| score | AUROC | minus likelihood 1 | p |
| --- | --- | --- | --- |`)
const digits = value => value.toFixed(3)
let first
for (const { name, score } of scores) {
  const judged = { in: await score(inside), ood: await score(outside) }
  first ??= judged
  const { value, low, high } = aurocEstimate(judged.in, judged.ood)
  const test = judged === first ? undefined : pairedDelong(judged, first)
  const compared = test
    ? `${digits(test.difference.value)} [${digits(test.difference.low)}, ${digits(test.difference.high)}] | ${test.p.toPrecision(2)}`
    : ' | '
  console.log(`| ${name} | ${digits(value)} [${digits(low)}, ${digits(high)}] | ${compared} |`)
}
