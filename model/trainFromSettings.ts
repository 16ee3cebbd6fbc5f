import { cpus } from 'node:os'
import { join } from 'node:path'
import { findFiles, InputError, loadReads, type ReadSet, type Split, TrainingBatches } from '../data/index.js'
import { device, openDevice, setDefaultDevice } from '../engine/index.js'
import { aurocEstimate } from '../eval/index.js'
import { findCell } from './cells.js'
import { checkSettings } from './checkSettings.js'
import { type MetricsLine, RunDirectory } from './runDirectory.js'
import { runName, type Settings } from './settings.js'
import { type Judge, type TrainResult, train, type ValidationData } from './train.js'
import type { StepMetrics } from './trainStep.js'

/** What a training tells about itself. */
export type TrainHooks = {
  /** Once, before the first step: where the run is and what it has, a line each. */
  readonly onStart?: (run: string, notes: readonly string[]) => void
  readonly onStep?: (step: number, metrics: StepMetrics) => void
  readonly onMetrics?: (line: MetricsLine) => void
  /** Aborted to stop after the current step. */
  readonly signal?: AbortSignal
}

/**
 * Train as the reference's generative.py does, from its settings: read the data, make the run directory below
 * `out_dir`, go on from its newest checkpoint, train to `num_steps`. An empty validation folder means no validation.
 *
 * @throws RangeError for settings that make no sense, InputError for data that cannot be read, DivergedError.
 */
export async function trainFromSettings(
  settings: Settings,
  hooks: TrainHooks = {},
): Promise<TrainResult & { readonly run: string }> {
  checkSettings(settings)
  if (settings.device) {
    await openDevice(settings.device)
    setDefaultDevice(settings.device)
  }
  const cell = await findCell(settings.norm_lstm ? 'layerNormLstm' : settings.cell || 'lstm')
  const training = await readSet(settings.in_tr_data_dir, 'in_tr', settings)
  const batches = new TrainingBatches(training, {
    batchSize: settings.batch_size,
    seed: settings.random_seed,
    mutationRate: settings.mutation_rate,
  })
  const validation = await readValidation(settings)

  const run = await RunDirectory.open(join(settings.out_dir, runName(settings)))
  if (settings.fresh) await run.clear()
  const { name, description } = device().device
  const notes = [
    `device ${name}: ${description}`,
    `cell ${cell.name}, ${settings.hidden_lstm_size} hidden units`,
    `training reads: ${describe(training)}`,
    validation
      ? `validation reads: ${validation.inDistribution.length} in-distribution, ${validation.outOfDistribution.length} out-of-distribution`
      : 'no validation reads',
  ]
  await run.describe(settings, [
    ...notes,
    `node ${process.version}, ${cpus()[0]?.model ?? process.arch}`,
    `command: ${process.argv.join(' ')}`,
  ])
  hooks.onStart?.(run.path, notes)

  const result = await train(
    run,
    {
      cell,
      hidden: settings.hidden_lstm_size,
      embedding: settings.emb_variable,
      learningRate: settings.learning_rate,
      dropoutRate: settings.dropout_rate,
      regulariserType: settings.reg_type === 'l1' ? 'l1' : 'l2',
      regulariserWeight: settings.reg_weight,
      seed: settings.random_seed,
      lossScale: settings.loss_scale,
      ...(settings.memory && { memory: settings.memory }),
      steps: settings.num_steps,
      valFreq: settings.val_freq,
      logFreq: settings.log_freq,
      keep: settings.keep,
      ...(settings.init && { init: settings.init }),
      ...hooks,
    },
    {
      batch: step => batches.batchAt(step),
      batchSize: settings.batch_size,
      length: settings.seq_len,
      fingerprint: `${training.count} reads of ${training.length} bases, mutation rate ${settings.mutation_rate}`,
    },
    validation && { data: validation, judge },
  )
  return { ...result, run: run.path }
}

const judge: Judge = (inDistribution, outOfDistribution) => {
  const { value, low, high } = aurocEstimate(inDistribution, outOfDistribution)
  return { auroc: value, low, high }
}

async function readSet(
  path: string,
  split: Split,
  { seq_len, filter_label }: Settings,
  limit?: number,
): Promise<ReadSet> {
  return loadReads(await findFiles(path, split), {
    length: seq_len,
    ...(split === 'in_tr' && { filterLabel: filter_label }),
    ...(limit && { limit }),
  })
}

async function readValidation(settings: Settings): Promise<ValidationData | undefined> {
  const { in_val_data_dir, ood_val_data_dir, val_batches, batch_size } = settings
  if (!in_val_data_dir && !ood_val_data_dir) return undefined
  if (!in_val_data_dir || !ood_val_data_dir)
    throw new InputError(
      '--in_val_data_dir and --ood_val_data_dir: give both, or set both to nothing for no validation',
    )
  const limit = val_batches * batch_size
  const inside = await readSet(in_val_data_dir, 'in_val', settings, limit)
  const outside = await readSet(ood_val_data_dir, 'ood_val', settings, limit)
  return { inDistribution: rows(inside), outOfDistribution: rows(outside) }
}

const rows = ({ tokens, count, length }: ReadSet): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => tokens.subarray(i * length, (i + 1) * length))

function describe({ count, length, skipped }: ReadSet): string {
  const left = Object.entries(skipped).filter(([, n]) => n > 0)
  const why = left.length ? ` (left out: ${left.map(([name, n]) => `${n} ${name}`).join(', ')})` : ''
  return `${count} of ${length} bases${why}`
}
