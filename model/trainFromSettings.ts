import { cpus } from 'node:os'
import { join } from 'node:path'
import { findFiles, loadReads, type ReadSet, type Split } from '../data/index.js'
import { type Cell, openDevice } from '../engine/index.js'
import { findCell } from './cells.js'
import { checkSettings } from './checkSettings.js'
import type { MetricsLine } from './metricsWindow.js'
import { RunDirectory } from './runDirectory.js'
import { runName, type Settings } from './settings.js'
import { type TrainOptions, type TrainResult, train } from './train.js'
import { loadTrainingData } from './trainingData.js'
import type { StepMetrics } from './trainStep.js'
import type { ValidationOptions } from './validation.js'

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
 * `out_dir`, go on from its newest checkpoint, train to `num_steps`. Empty validation folders mean no validation.
 *
 * The device of the settings is opened if it is not open yet; the default device stays what it is.
 *
 * @throws InvalidSettingsError for settings that make no sense; SettingsError when there is no such cell, or the run
 * began with other settings; InputError for data that cannot be read; CheckpointError for a checkpoint that cannot be
 * read; DivergedError when the loss is NaN or infinite; what `openDevice` throws.
 */
export async function trainFromSettings(
  settings: Settings,
  hooks: TrainHooks = {},
): Promise<TrainResult & { readonly run: string }> {
  checkSettings(settings)
  const device = await openDevice(settings.device || undefined)
  const cell = await findCell(settings.norm_lstm ? 'layerNormLstm' : settings.cell || 'lstm')
  const training = await loadTrainingData(settings)
  const validation = await loadValidation(settings)
  const notes = [
    `device ${device.name}: ${device.description}`,
    `cell ${cell.name}, ${settings.hidden_lstm_size} hidden units`,
    training.note,
    validation
      ? `validation reads: ${validation.data.inDistribution.length} in-distribution, ${validation.data.outOfDistribution.length} out-of-distribution`
      : 'no validation reads',
  ]
  const directory = await RunDirectory.open(join(settings.out_dir, runName(settings)))
  if (settings.fresh) await directory.clear()
  const onOpen = async () => {
    await directory.describe(settings, [...notes, ...circumstances()])
    hooks.onStart?.(directory.path, notes)
  }
  const options = { ...optionsOf(settings, cell, device.name), ...hooks, onOpen }
  const result = await train(directory, options, training.data, validation)
  return { ...result, run: directory.path }
}

/** What a run's notes say beside what the terminal shows. */
export const circumstances = (): string[] => [
  `node ${process.version}, ${cpus()[0]?.model ?? process.arch}`,
  `command: ${process.argv.join(' ')}`,
]

const optionsOf = (settings: Settings, cell: Cell, device: string): TrainOptions => ({
  cell,
  device,
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
})

/** The reads of the files of a validation split, `limit` of them at most (0: all). */
async function loadSplit(path: string, split: Split, { seq_len }: Settings, limit: number): Promise<ReadSet> {
  return loadReads(await findFiles(path, split), { length: seq_len, ...(limit && { limit }) })
}

async function loadValidation(settings: Settings): Promise<ValidationOptions | undefined> {
  const { in_val_data_dir, ood_val_data_dir, val_batches, batch_size } = settings
  if (!in_val_data_dir) return undefined
  const limit = val_batches * batch_size
  const inDistribution = readsOf(await loadSplit(in_val_data_dir, 'in_val', settings, limit))
  const outOfDistribution = readsOf(await loadSplit(ood_val_data_dir, 'ood_val', settings, limit))
  // Loaded only here, because scoring, and training without validation, start sooner without it.
  const { aurocEstimate } = await import('../eval/index.js')
  const judge: ValidationOptions['judge'] = (inDistribution, outOfDistribution) => {
    const { value, low, high } = aurocEstimate(inDistribution, outOfDistribution)
    return { auroc: value, low, high }
  }
  return { data: { inDistribution, outOfDistribution }, judge }
}

const readsOf = ({ tokens, count, length }: ReadSet): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => tokens.subarray(i * length, (i + 1) * length))
