import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { Option } from 'commander'
import { joinMpi, launchOf, type ProcessGroup } from '../engine/index.js'
import { describeFailure, exitCodeOf } from './failure.js'
import { say } from './progress.js'

/** Milliseconds that others wait for the first process to say what is wrong: mostly the same is wrong with all of them. */
const firstSaysIt = 1500

/** `--mpi`: whether processes that a launcher has started train together, and through which library. */
export const mpiOption = (): Option =>
  new Option(
    '--mpi <library>',
    'train together with the other processes of mpirun or srun: auto (where there are others), off, or the path of the MPI library',
  ).default('auto')

/** Whether this process is one of several, and not the first: it then has nothing to say. */
export const isFollower = (mpi: string): boolean => mpi !== 'off' && (launchOf()?.rank ?? 0) > 0

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
    processes.abort(exitCodeOf(error))
    throw error
  }
}
