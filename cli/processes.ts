import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import { parseJson } from '../data/index.js'
import {
  type DeviceOptions,
  gatherTexts,
  joinMpi,
  launchOf,
  openDevice,
  type ProcessGroup,
} from '../engine/index.js'
import { describeFailure, exitCodeOf, exitCodes } from './failure.js'
import { say } from './progress.js'

/** Milliseconds that others wait for the first process to say what is wrong: mostly the same is wrong with all of them. */
const firstSaysIt = 1500

/** Whether this process has joined the others, or cannot. */
let hasTried = false

/** `--mpi`: whether processes that a launcher has started train together, and through which library. */
export const mpiOption = (): Option =>
  new Option(
    '--mpi <library>',
    'train together with the other processes of mpirun or srun: auto (where there are others), off, or the path of the MPI library',
  ).default('auto')

/** What a launcher has not read of a process when that aborts, it may drop: how long it is given, in milliseconds. */
const launcherReads = 300

/** Whether a command is a training that another process leads: that one alone writes, so nothing else need be writable here. */
export const isLed = (command: Command): boolean =>
  command.name() === 'train' && command.getOptionValue('mpi') !== 'off' && (launchOf()?.rank ?? 0) > 0

/**
 * Do `act` with the processes that a launcher has started together with this one; undefined for one that is alone. All
 * end together: in order, or at once when one of them fails.
 * @throws what `act` throws in a process that is alone, and `joinMpi`.
 */
export async function withProcesses<Result>(
  mpi: string,
  act: (processes: ProcessGroup | undefined) => Promise<Result>,
): Promise<Result> {
  const launch = mpi === 'off' ? undefined : launchOf()
  if (mpi === 'off' || (mpi === 'auto' && !launch)) return act(undefined)
  hasTried = true
  const processes = joinMpi(mpi, launch)
  try {
    const result = await act(processes)
    await processes.close()
    return result
  } catch (error) {
    const { rank, size } = processes
    if (rank > 0) await setTimeout(firstSaysIt)
    const who = rank > 0 ? `process ${rank} of ${size} (on ${hostname()}): ` : ''
    say(`xenograd: ${who}${describeFailure(error) ?? 'failed'}`)
    await setTimeout(launcherReads)
    processes.abort(exitCodeOf(error))
    throw error
  }
}

/**
 * What each process opens its device with, so that all of them compute alike: what is left to the device (`auto`) is chosen
 * by that of the first one, which is opened here. `device`: its name, empty for the default one.
 * @throws what `openDevice` throws.
 */
export async function withSameChoices(
  processes: ProcessGroup,
  device: string,
  options: DeviceOptions,
): Promise<DeviceOptions> {
  const leads = processes.rank === 0
  const mine = leads ? (await openDevice(device || undefined, options)).chosen : {}
  const [text] = await gatherTexts(processes, JSON.stringify(mine))
  if (leads) return {}
  const chosen = Object.entries(parseJson(text) as DeviceOptions)
  return { ...options, ...Object.fromEntries(chosen.filter(([name]) => options[name] === 'auto')) }
}

/**
 * A training has failed before its processes joined. They do so now, to end together with one message: the same mistake
 * is mostly made in all of them.
 * @throws the error in a process that is alone, or that cannot join the others.
 */
export async function failTogether(error: unknown, command: string | undefined): Promise<never> {
  if (hasTried || command !== 'train' || exitCodeOf(error) === exitCodes.ok) throw error
  return withProcesses('auto', () => Promise.reject(error))
}
