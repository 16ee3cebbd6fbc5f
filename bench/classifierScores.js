// AUROC of every score of trained classifiers on the validation reads of a data set in the reference's layout:
//
//   node bench/classifierScores.js DATA RUN/detector.safetensors… [--lengths 250,5000 --genomes MANIFEST.tsv]
//
// Several detectors are also judged as an ensemble. With `--lengths`, on fragments sampled from a manifest's genomes.
import { parseArgs } from 'node:util'
import { loadReads, openDataset, openGenomes, partsCalled, sampleReads } from '../dist/data/index.js'
import { openDevice } from '../dist/engine/index.js'
import { aurocEstimate } from '../dist/eval/index.js'
import { featuresOf, indexOfMaximum, logitsOf, odin } from '../dist/eval/scores/index.js'
import {
  classifierScoresOf,
  loadDetector,
  openClassifier,
  openClassifierScores,
} from '../dist/model/index.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: 'string', default: '1' },
    limit: { type: 'string', default: '6000' },
    lengths: { type: 'string' },
    genomes: { type: 'string', default: '../shared/data/genomes/MANIFEST.tsv' },
  },
})
const [data, ...detectors] = positionals
await openDevice('wasm', { threads: Number(values.threads), blas: 'auto', vectors: 'auto' })
const limit = Number(values.limit)

/** In- and out-of-distribution fragments, by what they are. */
async function* sets() {
  if (!values.lengths) {
    const files = await openDataset(data)
    const reads = async split => {
      const { tokens, count, length, labels } = await loadReads(files[split], { length: 250, limit })
      const bases = Array.from({ length: count }, (_, i) => tokens.subarray(i * length, (i + 1) * length))
      return { bases, labels }
    }
    const [known, unknown] = [await reads('in_val'), await reads('ood_val')]
    yield { name: '250 bases (TFRecords)', in: known.bases, ood: unknown.bases, classes: known.labels }
    return
  }
  const genomes = await openGenomes(values.genomes)
  for (const length of values.lengths.split(',').map(Number)) {
    const sample = async group => {
      const parts = partsCalled(genomes, group, 'val')
      const genera = new Set(parts.map(part => part.genome.genus)).size
      const reads = await sampleReads(parts, { length, perGenus: Math.ceil(limit / genera), seed: 7 })
      return reads.map(read => read.bases)
    }
    yield { name: `${length} bases`, in: await sample('ID'), ood: await sample('OOD') }
  }
}

for await (const set of sets()) {
  console.log(
    `${set.name}: ${set.in.length} in-distribution, ${set.ood.length} out-of-distribution fragments`,
  )
  const judge = async (title, score) => {
    const began = performance.now()
    const { value, low, high } = aurocEstimate(await score.score(set.in), await score.score(set.ood))
    const seconds = (performance.now() - began) / 1000
    console.log(
      `  ${title.padEnd(36)}${value.toFixed(4)} [${low.toFixed(4)}, ${high.toFixed(4)}]  ${seconds.toFixed(1)} s`,
    )
  }
  for (const path of detectors) {
    const detector = await loadDetector(path)
    const model = openClassifier(path, detector.classifier)
    const scores = classifierScoresOf(detector.scores, [model])
    for (const score of scores) await judge(score.name, score)
    if (set.classes && scores.length > 1) {
      const features = await model.features(set.in)
      const predicted = set.in.map((_, i) =>
        indexOfMaximum(logitsOf(model, featuresOf(features, model.hidden, i))),
      )
      const right = predicted.filter((label, i) => label === set.classes[i]).length
      console.log(`  accuracy ${(right / predicted.length).toFixed(4)}`)
    }
    if (scores.length > 1)
      for (const temperature of [1, 1000])
        for (const epsilon of [0.01, 0.1, 0.5])
          await judge(`odin, T ${temperature}, epsilon ${epsilon}`, odin(model, { temperature, epsilon }))
    model.dispose()
  }
  if (detectors.length > 1)
    for (const score of await openClassifierScores(detectors))
      await judge(`${score.name}, ensemble of ${detectors.length}`, score)
}
process.exit(0)
