import { currentEnvironment, type Environment, type EnvironmentVariable } from '../devices/environment.js'

/** How a launcher has started this process: as one of several. */
export type Launch = {
  /** What messages call the launcher. */
  readonly launcher: string
  /** Which of the processes this is, from 0 on. */
  readonly rank: number
  /** How many there are. */
  readonly size: number
}

type Variables = {
  readonly launcher: string
  readonly size: EnvironmentVariable
  readonly rank: EnvironmentVariable
}

/** The variables by which launchers tell a process, those first that know best: mpirun may run within a step of Slurm's. */
const launchers: readonly Variables[] = [
  { launcher: "Open MPI's mpirun", size: 'OMPI_COMM_WORLD_SIZE', rank: 'OMPI_COMM_WORLD_RANK' },
  { launcher: "MPICH's mpirun", size: 'PMI_SIZE', rank: 'PMI_RANK' },
  { launcher: 'srun', size: 'SLURM_STEP_NUM_TASKS', rank: 'SLURM_PROCID' },
]

/** How this process was started; undefined for one that is alone. */
export function launchOf(environment: Environment = currentEnvironment()): Launch | undefined {
  for (const { launcher, size: sizeVariable, rank: rankVariable } of launchers) {
    const size = Number(environment[sizeVariable])
    const rank = Number(environment[rankVariable])
    if (Number.isInteger(size) && Number.isInteger(rank))
      return size > 1 ? { launcher, rank, size } : undefined
  }
  return undefined
}
