// The classifier beside the same one in PyTorch: the same reads in the same batches, initial parameters of the same values,
// dropout masks of each one's own. Accuracy on validation reads with its standard error, and milliseconds a step, in turns.
//
//   node bench/classifier.js ../shared/data/bench [--steps 1000] [--seeds 3] [--motifs 1000] [--threads 1] [--rate 0.001]
//
// `PYTHON` names the interpreter that has PyTorch.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { dispose, openDevice, tensor } from '../dist/engine/index.js'
import { featuresOf, indexOfMaximum, logitsOf } from '../dist/eval/scores/index.js'
import {
  classifierDefaults,
  classifierLoss,
  FragmentClassifier,
  firstState,
  initialClassifier,
  loadClassifierData,
  loadClassifierValidation,
  makeNetworkStep,
} from '../dist/model/index.js'
import { summary } from './statistics.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: 'string', default: '1000' },
    seeds: { type: 'string', default: '3' },
    motifs: { type: 'string', default: '1000' },
    threads: { type: 'string', default: '1' },
    rate: { type: 'string', default: '0.001' },
    blas: { type: 'string', default: 'auto' },
  },
})
const [data = '../shared/data/bench'] = positionals
const [steps, seeds, motifs, threads] = ['steps', 'seeds', 'motifs', 'threads'].map(name =>
  Number(values[name]),
)
const device = await openDevice('wasm', { threads, blas: values.blas, vectors: 'auto' })
console.log(`${device.name}: ${device.description}`)

const settings = {
  ...classifierDefaults,
  in_tr_data_dir: `${data}/before_2011_in_tr`,
  in_val_data_dir: `${data}/between_2011-2016_in_val`,
  ood_val_data_dir: '',
  num_motifs: motifs,
  learning_rate: Number(values.rate),
}

/** Runs both with one seed. */
async function compare(random_seed) {
  const training = await loadClassifierData({ ...settings, random_seed })
  const { inDistribution } = await loadClassifierValidation({ ...settings, random_seed }, training.labels)
  const description = {
    motifs,
    motifLength: settings.len_motifs,
    hidden: settings.hidden_dense_size,
    classes: training.classNames.length,
    embedding: true,
    length: settings.seq_len,
    classNames: training.classNames,
  }
  const options = {
    learningRate: settings.learning_rate,
    dropoutRate: settings.dropout_rate,
    regulariserType: 'l2',
    regulariserWeight: 0,
    seed: random_seed,
  }
  const state = firstState(options, key => initialClassifier(description, key))
  const theirs = await pytorch(description, options, state.parameters, training.data, inDistribution)
  const ours = await xenograd(description, options, state, training.data, inDistribution)
  return { theirs, ours, count: inDistribution.reads.length }
}

async function pytorch(
  description,
  options,
  { motifs, dense, logits },
  { batch, batchSize },
  { reads, classes },
) {
  const folder = mkdtempSync(join(tmpdir(), 'xenograd-classifier-'))
  const parameters = await Promise.all(
    [motifs, dense, logits].flatMap(({ kernel, bias }) => [kernel.data(), bias.data()]),
  )
  const rows = Array.from({ length: steps }, (_, step) => Uint8Array.from(batch(step)))
  const validation = reads.map((read, i) => Uint8Array.from([...read, classes[i]]))
  const problem = join(folder, 'problem')
  writeFileSync(
    problem,
    Buffer.concat([...parameters.map(p => new Uint8Array(p.buffer)), ...rows, ...validation]),
  )
  const job = {
    ...description,
    problem,
    parameters: parameters.reduce((sum, p) => sum + p.length, 0),
    steps,
    batch: batchSize,
    learningRate: options.learningRate,
    dropout: options.dropoutRate,
    seed: options.seed,
    threads,
  }
  const script = fileURLToPath(new URL('classifier.py', import.meta.url))
  const ended = spawnSync(process.env.PYTHON ?? '/usr/bin/python3', [script], {
    input: JSON.stringify(job),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  rmSync(folder, { recursive: true })
  if (ended.status !== 0) throw new Error(`PyTorch: ${ended.stderr || ended.error}`)
  return JSON.parse(ended.stdout)
}

async function xenograd(description, options, first, { batch, batchSize }, { reads, classes }) {
  const network = { loss: (parameters, rows, noise) => classifierLoss({}, parameters, rows, noise) }
  const step = makeNetworkStep(network, options)
  const times = []
  const losses = []
  let state = first
  const rows = tensor(batch(0), { shape: [batchSize, description.length + 1] })
  for (let i = 0; i < steps; i++) {
    rows.assign(batch(i))
    const began = performance.now()
    const next = await step(state, rows)
    times.push(performance.now() - began)
    losses.push(next.metrics.loss)
    state = next.state
  }
  const model = await FragmentClassifier.open(description, state.parameters)
  const features = await model.features(reads)
  const correct = reads.filter(
    (_, i) => indexOfMaximum(logitsOf(model, featuresOf(features, model.hidden, i))) === classes[i],
  ).length
  model.dispose()
  step.compiled.dispose()
  dispose(state)
  rows.dispose()
  return { accuracy: correct / reads.length, milliseconds: summary(times).median, losses }
}

const percent = x => `${(100 * x).toFixed(2)} %`
const results = []
for (let seed = 1; seed <= seeds; seed++) {
  const result = await compare(seed)
  results.push(result)
  const { ours, theirs, count } = result
  const error = Math.sqrt((ours.accuracy * (1 - ours.accuracy)) / count)
  const tail = losses => losses.slice(-100).reduce((a, b) => a + b, 0) / Math.min(100, losses.length)
  console.log(
    `seed ${seed}: accuracy ${percent(ours.accuracy)} (PyTorch ${theirs.version} ${percent(theirs.accuracy)}, standard error ${percent(error)} on ${count} reads); ` +
      `loss of the last steps ${tail(ours.losses).toFixed(4)} (${tail(theirs.losses).toFixed(4)}); ` +
      `${ours.milliseconds.toFixed(0)} ms a step (${theirs.milliseconds.toFixed(0)})`,
  )
}
const mean = of => results.reduce((sum, result) => sum + of(result), 0) / results.length
const accuracy = mean(r => r.ours.accuracy)
const difference = accuracy - mean(r => r.theirs.accuracy)
const differences = results.map(r => r.ours.accuracy - r.theirs.accuracy)
const spread = Math.sqrt(differences.reduce((sum, d) => sum + (d - difference) ** 2, 0) / (seeds - 1) / seeds)
console.log(
  `mean accuracy ${percent(accuracy)}, PyTorch's ${percent(accuracy - difference)}; difference ${percent(difference)}, standard error over seeds ${percent(spread)}; ` +
    `time of a step, PyTorch's over ours ${mean(r => r.theirs.milliseconds / r.ours.milliseconds).toFixed(2)}`,
)
process.exit(0)
