import { cpus } from 'node:os'
import { join } from 'node:path'
import {
  type Cell,
  openDevice,
  device as openedDevice,
  type Runtime,
  scheduleShapes,
} from '../engine/index.js'
import type { TrainingData } from './batchFeed.js'
import { validationMetrics } from './bestValidation.js'
import { findCell } from './cellFile.js'
import { checkSettings } from './checkSettings.js'
import type { ClassifierSettingName } from './classifierSettings.js'
import { choiceNotes } from './deviceChoices.js'
import { secondsOf } from './duration.js'
import { follow } from './follow.js'
import { lossOfGuessing } from './guessing.js'
import { generativeNetwork } from './network.js'
import { optimiserNames } from './optimiser.js'
import type { Team } from './parallel/index.js'
import { RunDirectory } from './runDirectory.js'
import type { SettingsOf, SettingsTable } from './settingKinds.js'
import { runName, type SettingName, type Settings, settingsTable } from './settings.js'
import { settingsOnResume } from './settingsOnResume.js'
import { sharedShards, teamOf } from './teamOfProcesses.js'
import { tensorBoardHooks } from './tensorBoardHooks.js'
import { type TrainOptions, type TrainResult, type TrainSettings, train } from './train.js'
import type { TrainHooks } from './trainHooks.js'
import { loadTrainingData } from './trainingData.js'
import { loadValidation } from './validationData.js'
import { version } from './version.js'

/**
 * Train as the reference's generative.py does, from its settings: read the data, make the run directory below
 * `out_dir`, go on from its newest checkpoint, train to `num_steps`.
 *
 * The device of the settings is opened if it is not open yet; the default device stays what it is.
 *
 * @throws InvalidSettingsError for settings that make no sense; SettingsError when there is no such cell, or the run
 * began with other settings, and for data that cannot be read (with the InputError as its cause); CheckpointError for a checkpoint that cannot be
 * read; DivergedError when the loss is NaN or infinite; FolderInUseError while another process trains there; what
 * `openDevice` throws; DisagreementError when processes that train together have not the same to train.
 */
export async function trainFromSettings(
  settings: Settings,
  hooks: TrainHooks = {},
): Promise<TrainResult & { readonly run: string }> {
  checkSettings(settings)
  const device = await openDevice(settings.device || undefined)
  const cell = await findCell(settings.norm_lstm ? 'layerNormLstm' : settings.cell || 'lstm')
  const training = await loadTrainingData(settings)
  const { processes } = hooks
  const facts = { settings, cell, data: training.data, device: device.description }
  const team = processes && (await teamOf(processes, facts))
  if (team && !team.leads) return followFromSettings(settings, cell, device.name, training.data, team, hooks)
  const { validation, note } = await loadValidation(settings)
  const directory = await RunDirectory.open(join(settings.out_dir, runName(settings)))
  const resolved = { ...settings, shards: await sharedShards(team, settings, directory) }
  const notes = [
    `device ${device.name}: ${device.description}`,
    ...(team ? [`${team.size} processes: ${team.group.description}`] : []),
    ...(resolved.shards ? [`batches in ${resolved.shards} shards`] : []),
    `cell ${cell.name}, ${settings.hidden_lstm_size} hidden units`,
    training.note,
    note,
  ]
  const hasAuroc = validation !== undefined && validation.data.outOfDistribution.length > 0
  const options = { ...optionsOf(resolved, cell, device.name, hasAuroc), ...(team && { team }) }
  const logged = tensorBoardHooks(resolved, options, 'AUROC_using_raw_likelihood', hooks)
  const onOpen = await beginning(directory, settingsTable, resolved, notes, lossOfGuessing, logged)
  const result = await train(directory, { ...options, ...logged, onOpen }, training.data, validation)
  logged.onEnd?.(result)
  return { ...result, run: directory.path }
}

/** The part of a process of a team that does not lead. */
async function followFromSettings(
  settings: Settings,
  cell: Cell,
  device: string,
  data: TrainingData,
  team: Team,
  { signal }: TrainHooks,
): Promise<TrainResult & { readonly run: string }> {
  const shards = await sharedShards(team, settings, undefined)
  const options = { ...optionsOf({ ...settings, shards }, cell, device, false), shards }
  const { step, interrupted } = await follow(generativeNetwork(options), options, data, team, signal)
  return { step, interrupted, stoppedEarly: false, checkpoint: '', run: '' }
}

/**
 * What is done once a run is open (see `TrainSettings`): its settings and notes are written down, and told with what has
 * changed since it was trained last.
 * @throws SettingsError when a setting has changed that must not.
 */
export async function beginning<Table extends SettingsTable>(
  directory: RunDirectory,
  table: Table,
  settings: SettingsOf<Table> & { readonly fresh: boolean; readonly device: string },
  notes: readonly string[],
  guessing: number,
  hooks: TrainHooks,
): Promise<(next: number) => Promise<void>> {
  const earlier = settings.fresh ? undefined : await directory.earlier()
  const changes = earlier ? settingsOnResume(directory.path, table, settings, notes, earlier) : []
  return async next => {
    const { chosen } = deviceOf(settings)
    await directory.describe(settings, [...notes, ...choiceNotes(chosen), ...circumstances()])
    hooks.onStart?.(directory.path, [...notes, ...changes], next, guessing)
  }
}

/** The device of settings, which is open. */
const deviceOf = ({ device }: { readonly device: string }): Runtime => openedDevice(device || undefined)

/** What a run's notes say beside what the terminal shows. */
const circumstances = (): string[] => [
  `xenograd ${version()}`,
  `node ${process.version}, ${cpus()[0]?.model ?? process.arch}`,
  `command: ${process.argv.join(' ')}`,
]

const oneOf = <T extends string>(names: readonly T[], name: string): T | undefined =>
  names.find(n => n === name)

/** Settings that mean the same for whatever is trained. */
type SharedSettings = Pick<Settings, SettingName & ClassifierSettingName>

/** `hasAuroc`: whether validations have an AUROC to be compared by. */
const optionsOf = (settings: Settings, cell: Cell, device: string, hasAuroc: boolean): TrainOptions => ({
  cell,
  hidden: settings.hidden_lstm_size,
  embedding: settings.emb_variable,
  regulariserType: settings.reg_type === 'l1' ? 'l1' : 'l2',
  regulariserWeight: settings.reg_weight,
  ...(settings.shards && { shards: settings.shards }),
  ...sharedOptions(settings, device, hasAuroc),
})

/** The options of a run that settings of either table give; `hasAuroc` as above. */
export const sharedOptions = (
  settings: SharedSettings,
  device: string,
  hasAuroc: boolean,
): Omit<TrainSettings, 'regulariserType' | 'regulariserWeight'> => ({
  device,
  learningRate: settings.learning_rate,
  schedule: {
    shape: oneOf(scheduleShapes, settings.lr_schedule) ?? 'constant',
    warmup: settings.warmup_steps,
  },
  optimiser: oneOf(optimiserNames, settings.optimiser) ?? 'adam',
  momentum: settings.momentum,
  weightDecay: settings.weight_decay,
  ...(settings.clip_norm && { clipNorm: settings.clip_norm }),
  dropoutRate: settings.dropout_rate,
  seed: settings.random_seed,
  lossScale: settings.loss_scale,
  ...(settings.memory && { memory: settings.memory }),
  steps: settings.num_steps,
  valFreq: settings.val_freq,
  ...(settings.save_every && { saveEvery: secondsOf(settings.save_every) }),
  logFreq: settings.log_freq,
  keep: settings.keep,
  bestBy: hasAuroc ? (oneOf(validationMetrics, settings.best_by) ?? 'auroc') : 'val_loss',
  patience: settings.patience,
  fresh: settings.fresh,
  ...(settings.init && { init: settings.init }),
})
