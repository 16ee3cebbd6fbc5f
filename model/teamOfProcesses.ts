import { hostname } from 'node:os'
import type { Cell, ProcessGroup } from '../engine/index.js'
import type { TrainingData } from './batchFeed.js'
import { type Fact, Team, usualShards } from './parallel/index.js'
import type { EarlierRun, RunDirectory } from './runDirectory.js'
import { type Settings, settingNames, settingsTable } from './settings.js'
import { SettingsError } from './settingsError.js'
import { version } from './version.js'

/** What settings make a run: what a team of processes must agree about. */
type Training = {
  readonly settings: Settings
  readonly cell: Cell
  readonly data: TrainingData
  /** What the device says of itself. */
  readonly device: string
}

/**
 * The processes of a group as a team that has seen that it trains one and the same thing.
 * @throws DisagreementError, in all processes, where it does not.
 */
export async function teamOf(group: ProcessGroup, training: Training): Promise<Team> {
  const team = new Team(group)
  await team.agree(hostname(), factsOf(training))
  return team
}

function factsOf({ settings, cell, data, device }: Training): Fact[] {
  const compared = settingNames.filter(name => settingsTable[name].resume !== 'any')
  const flags = compared.map(name => `${name} ${settings[name]}`).join(', ')
  return [
    { what: 'version', value: version(), advice: 'install the same version everywhere' },
    { what: 'settings', value: flags, advice: 'give all processes the same' },
    { what: 'cell', value: `${cell.name}: ${cell.step}`, advice: 'give all processes the same file' },
    {
      what: 'training data',
      value: `${data.fingerprint}, checksum ${data.checksum?.() ?? 'none'}`,
      advice: 'give all processes the same data',
    },
    {
      what: 'device',
      // As many threads as a machine has cores, and each process its own card: the bits are the same.
      value: device.replace(/\d+ threads?/, 'threads').replace(/card \d+/, 'card'),
      advice:
        'their results would differ in the last bits and their models drift apart; use machines of one kind with the same Node and libraries, or what all of them have (the options vectors: 128 and blas: off of the device wasm)',
    },
  ]
}

/**
 * How many shards a run is computed in; 0 is whole batches. What the settings leave open is what the run began with, and
 * for a new one the usual number where several processes train.
 * @throws SettingsError for a number that the processes cannot share, or that is more than a batch has reads.
 */
export function shardsFor(
  settings: Pick<Settings, 'shards' | 'batch_size' | 'fresh'>,
  earlier: EarlierRun | undefined,
  processes: number,
): number {
  const before = earlier && (Number(earlier.settings.shards) || 0)
  const shards = settings.shards || (before ?? (processes > 1 ? usualShards : 0))
  if (processes > 1 && shards === 0)
    throw new SettingsError(
      name =>
        `this run began in one process, with whole batches, which several cannot share bit for bit; go on in one process, or start anew (${name('fresh')}); a run that is to go on in several begins with ${name('shards')} ${usualShards}`,
    )
  if (processes > 1 && shards % processes !== 0)
    throw new SettingsError(
      name =>
        `${processes} processes cannot share ${shards} shards; start ${powersUpTo(shards).join(', ')}${settings.shards === 0 && before === undefined ? `, or give ${name('shards')}` : ''}`,
    )
  if (shards > settings.batch_size)
    throw new SettingsError(
      name =>
        `${name('shards')} ${shards}: ${name('batch_size')} is ${settings.batch_size}; give at most as many shards as reads`,
    )
  return shards
}

const powersUpTo = (most: number): number[] => Array.from({ length: Math.log2(most) + 1 }, (_, i) => 2 ** i)

/** The number of shards, which the first process knows: it alone looks at the run's directory. */
export async function sharedShards(
  team: Team | undefined,
  settings: Settings,
  directory: RunDirectory | undefined,
): Promise<number> {
  const earlier = settings.fresh ? undefined : await directory?.earlier()
  const mine = directory ? shardsFor(settings, earlier, team?.size ?? 1) : 0
  return team ? Number(await team.share(String(mine))) : mine
}
