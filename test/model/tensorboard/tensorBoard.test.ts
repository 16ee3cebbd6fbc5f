import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type Test } from 'tape'
import { syntheticReads, writeReads } from '../../../data/index.js'
import {
  classifierDefaults,
  defaults,
  InvalidSettingsError,
  loadModel,
  RunDirectory,
  type Settings,
  trainClassifier,
  trainFromSettings,
} from '../../../model/index.js'
import { testPython } from '../../python.js'

const script = fileURLToPath(new URL('../../../../test/model/tensorboard/readEvents.py', import.meta.url))

type Point = { readonly step: number; readonly value: number }
type HistogramPoint = Readonly<Record<'step' | 'min' | 'max' | 'num' | 'sum' | 'sum_squares', number>> & {
  readonly limits: readonly number[]
  readonly counts: readonly number[]
}
/** What readEvents.py says of a folder. */
type Events = {
  readonly scalars: Readonly<Record<string, readonly Point[]>>
  readonly histograms: Readonly<Record<string, readonly HistogramPoint[]>>
  readonly hparams: Readonly<Record<string, unknown>> | null
  readonly status: number | null
  readonly versions: readonly string[]
  readonly raw: number
}

const folder = mkdtempSync(join(tmpdir(), 'xenograd-tensorboard-'))
const reads = join(folder, 'in.fa')
const others = join(folder, 'ood.fa')
await writeReads(reads, syntheticReads({ split: 'in_tr', count: 40, length: 30, seed: 1 }))
await writeReads(others, syntheticReads({ split: 'ood_val', count: 40, length: 30, seed: 1 }))

const shared = {
  ...{ in_tr_data_dir: reads, in_val_data_dir: reads, ood_val_data_dir: others },
  ...{ seq_len: 30, batch_size: 4, num_steps: 12, val_freq: 5, log_freq: 1 },
  ...{ lr_schedule: 'linear', tensorboard: true, keep: 0 },
}
const settings: Settings = { ...defaults, ...shared, hidden_lstm_size: 3, tensorboard_histograms: 4 }

/** Trains, interrupted after a step if one is given. */
async function trained(more: Partial<Settings>, stopAfter?: number): Promise<string> {
  const stop = new AbortController()
  const { run } = await trainFromSettings(
    { ...settings, ...more },
    {
      signal: stop.signal,
      onStep: step => {
        if (step === stopAfter) stop.abort()
      },
    },
  )
  return run
}

const foldersOf = (run: string) => ['log', 'log/in_tr', 'log/in_val'].map(name => join(run, name))

/** The events of a run: its settings, its training, its validations. */
function eventsOf(run: string, python: (script: string, input: unknown) => unknown): readonly Events[] {
  const names = foldersOf(run)
  const events = python(script, names) as Record<string, Events>
  return names.map(name => events[name])
}

const close = (t: Test, got: readonly Point[], wanted: readonly Point[], name: string) => {
  t.deepEqual(
    got.map(({ step }) => step),
    wanted.map(({ step }) => step),
    `${name}: every step once`,
  )
  t.ok(
    got.every(({ value }, i) => Math.abs(value - wanted[i].value) <= 1e-6 * Math.abs(wanted[i].value)),
    `${name}: the values of metrics.jsonl`,
  )
}

testPython(
  'event files say what metrics.jsonl does, each step once, to a reader of protocol buffers',
  ['google.protobuf'],
  async (t, python) => {
    const run = await trained({ out_dir: join(folder, 'whole') })
    const lines = await (await RunDirectory.open(run)).readMetrics()
    const [ofSettings, training, validation] = eventsOf(run, python)
    const points = (name: string, index?: number): Point[] =>
      lines.flatMap(line => {
        const entry = line[name]
        const value = Array.isArray(entry) ? entry[index!] : entry
        return typeof value === 'number' ? [{ step: line.step, value }] : []
      })
    for (const name of ['loss', 'acc', 'loss_total', 'loss_reg', 'reads_per_s'])
      close(t, training.scalars[name], points(name), name)
    close(t, validation.scalars.loss, points('val_loss'), 'validation loss')
    const auroc = 'AUROC_using_raw_likelihood'
    close(t, validation.scalars[auroc], points('auroc'), auroc)
    close(t, validation.scalars[`${auroc}/low`], points('auroc_ci', 0), 'lower bound')
    close(t, validation.scalars[`${auroc}/high`], points('auroc_ci', 1), 'upper bound')
    const rates = lines.map(({ step }) => ({ step, value: 0.0005 * (1 - step / 12) }))
    close(t, training.scalars.learning_rate, rates, 'learning rate')

    t.deepEqual(ofSettings.hparams, { ...settings, out_dir: join(folder, 'whole') }, 'all settings')
    t.equal(ofSettings.status, 1, 'it has ended')
    t.deepEqual(training.versions, ['brain.Event:2'])
  },
)

testPython('histograms are those of parameters and gradients', ['google.protobuf'], async (t, python) => {
  const run = await trained({
    out_dir: join(folder, 'histograms'),
    num_steps: 5,
    val_freq: 1,
    dropout_rate: 0,
  })
  const [, { histograms }] = eventsOf(run, python)
  const names = Object.keys(histograms)
  t.ok(
    names.some(name => name.startsWith('parameters/')) && names.some(name => name.startsWith('gradients/')),
  )
  t.deepEqual([...new Set(Object.values(histograms).flat())].length, 2 * names.length, 'of steps 0 and 4')
  for (const [name, points] of Object.entries(histograms))
    for (const { limits, counts, num, min, max, step } of points) {
      const sum = counts.reduce((a, b) => a + b, 0)
      const rising = limits.every((limit, i) => i === 0 || limit > limits[i - 1])
      t.ok(sum === num && rising && limits.at(-1) === max && min <= max, `${name} of step ${step}`)
    }
  // Parameters before step 4 are those of the checkpoint after step 3.
  const { state } = await loadModel(join(run, 'model', 'model_3.safetensors'))
  const kernel = [...(await state.parameters.logits.kernel.data())]
  const [, { num, sum, sum_squares, min, max }] = histograms['parameters/logits/kernel']
  t.equal(num, kernel.length)
  t.deepEqual([min, max], [Math.min(...kernel), Math.max(...kernel)])
  t.ok(Math.abs(sum - kernel.reduce((a, b) => a + b, 0)) < 1e-9)
  t.ok(Math.abs(sum_squares - kernel.reduce((a, b) => a + b * b, 0)) < 1e-9)
})

testPython('a resumed run continues without double steps', ['google.protobuf'], async (t, python) => {
  const out_dir = join(folder, 'resumed')
  await trained({ out_dir }, 7)
  // A process that is killed has logged steps that no checkpoint has: they are done again.
  const run = await trained({ out_dir }, 9)
  const directory = await RunDirectory.open(run)
  await directory.appendMetrics({ step: 11, loss: 1 })
  const [, before] = eventsOf(run, python)
  t.deepEqual(before.versions.length, 2)
  await trained({ out_dir, tensorboard_histograms: 0 })
  const [ofSettings, training, validation] = eventsOf(run, python)
  const steps = (points: readonly Point[]) => points.map(({ step }) => step)
  t.deepEqual(
    steps(training.scalars.loss),
    Array.from({ length: 12 }, (_, i) => i),
  )
  t.deepEqual(steps(validation.scalars.loss), [0, 5, 10, 11])
  t.equal(training.versions.length, 3, 'a file for each process')
  t.equal(ofSettings.status, 1)

  // Without the checkpoints of the last steps they are done, and logged, again.
  const checkpoints = (await directory.checkpoints()).filter(({ step }) => step > 5)
  for (const { path } of checkpoints) rmSync(path)
  await trained({ out_dir })
  const [, again] = eventsOf(run, python)
  t.deepEqual(steps(again.scalars.loss), steps(training.scalars.loss), 'every step once')
  t.ok(again.raw > training.raw, 'although files have some twice')
})

testPython('a classifier logs its accuracy, too', ['google.protobuf'], async (t, python) => {
  const { run } = await trainClassifier({
    ...classifierDefaults,
    ...shared,
    ...{ num_motifs: 3, len_motifs: 4, hidden_dense_size: 3, out_dir: join(folder, 'classes') },
  })
  const [, training, validation] = eventsOf(run, python)
  t.equal(training.scalars.acc.length, 12)
  t.equal(validation.scalars.acc.length, 4)
  t.equal(validation.scalars['AUROC_using_max(p(y|x))'].length, 4)
})

test('event files do not change what is trained; --fresh removes ours, not those of others', async t => {
  const bits = async (run: string) => {
    const { state } = await loadModel(join(run, 'model', 'model_11.safetensors'))
    return [...(await state.parameters.logits.kernel.data())]
  }
  const without = await trained({
    out_dir: join(folder, 'without'),
    tensorboard: false,
    tensorboard_histograms: 0,
  })
  const run = await trained({ out_dir: join(folder, 'with') })
  t.deepEqual(await bits(run), await bits(without))
  t.notOk(readdirSync(without).includes('log'))

  const training = join(run, 'log', 'in_tr')
  mkdirSync(training, { recursive: true })
  writeFileSync(join(training, 'events.out.tfevents.1600000000.host'), '')
  await trained({ out_dir: join(folder, 'with'), tensorboard: false, tensorboard_histograms: 0, fresh: true })
  t.deepEqual(readdirSync(training), ['events.out.tfevents.1600000000.host'])
})

test('histograms without event files are refused', async t => {
  const error = await trained({ tensorboard: false }).catch(error => error)
  t.ok(error instanceof InvalidSettingsError)
  t.match(error.message, /tensorboard_histograms 4: give tensorboard, too/)
})
