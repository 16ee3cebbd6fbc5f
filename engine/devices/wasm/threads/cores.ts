import { environment } from '../../environment.js'
import { nodeModule, nodeProcess, readText } from '../../shared/node.js'

/** More threads than this are used only when asked for: a batch of 100 reads has too few rows for them. */
const most = 16

/** What Linux says about its processors, as it is in its files. */
export type LinuxProcessors = {
  /** `Cpus_allowed_list` of /proc/self/status, for instance `0-3,8`. */
  readonly allowed: string
  /** thread_siblings_list of a processor: those that share its core; undefined where it is not known. */
  siblings(processor: number): string | undefined
  /** Contents of the cgroups' cpu.max: quota (or `max`) and period. */
  readonly limits: readonly string[]
}

/** Numbers of a list such as `0-3,8`. */
const numbers = (list: string): number[] =>
  list
    .trim()
    .split(',')
    .filter(Boolean)
    .flatMap(range => {
      const [first, last = first] = range.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, i) => first + i)
    })

/** How many processors' time a cgroup may use: at least 1; Infinity without a limit. */
function share(limit: string): number {
  const [quota, period = 100_000] = limit.trim().split(/\s+/).map(Number)
  return quota > 0 && period > 0 ? Math.max(1, Math.floor(quota / period)) : Number.POSITIVE_INFINITY
}

/** Cores that this process may use at once: two threads of one core count once. 0 if the files do not say. */
export function linuxCores({ allowed, siblings, limits }: LinuxProcessors): number {
  const cores = new Set(numbers(allowed).map(processor => siblings(processor)?.trim() ?? `${processor}`))
  return Math.min(cores.size, ...limits.map(share))
}

/** The processors that a process may use, as Linux lists them. */
const allowedTo = (pid: number | 'self'): string =>
  readText(`/proc/${pid}/status`)?.match(/^Cpus_allowed_list:(.*)$/m)?.[1] ?? ''

/**
 * How many processes of a launcher (MPI's mpirun) have to divide the processors that this one may use. Where it has bound
 * each process to some of those that itself may use, they are that process's alone.
 */
function sharers(): number {
  const onThisMachine = environment('OMPI_COMM_WORLD_LOCAL_SIZE') ?? environment('MPI_LOCALNRANKS')
  const parent = nodeProcess()?.ppid
  const isBound = parent !== undefined && allowedTo('self') !== allowedTo(parent)
  return isBound ? 1 : Math.max(1, Number(onThisMachine) || 1)
}

/** What this Linux says, from its files. */
function readProcessors(): LinuxProcessors {
  const group = readText('/proc/self/cgroup')?.match(/^0::(.*)$/m)?.[1] ?? '/'
  // A group may use no more than those that it is in.
  const names = group.split('/').filter(Boolean)
  const groups = [...names.keys(), names.length].map(count => names.slice(0, count).join('/'))
  // Version 1 of cgroups has two files instead.
  const legacy = ['quota', 'period'].map(name => readText(`/sys/fs/cgroup/cpu/cpu.cfs_${name}_us`)?.trim())
  return {
    allowed: allowedTo('self'),
    siblings: n => readText(`/sys/devices/system/cpu/cpu${n}/topology/thread_siblings_list`),
    limits: [...groups.map(name => readText(`/sys/fs/cgroup/${name}/cpu.max`)), legacy.join(' ')].filter(
      (limit): limit is string => limit !== undefined,
    ),
  }
}

/**
 * Cores that this host has for us: physical ones where it says so (Linux), else processors; 16 at most. Processes of a
 * launcher divide them.
 */
export function hostCores(): number {
  const os = nodeModule('node:os')
  const processors = os?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1
  const cores = os?.platform() === 'linux' ? linuxCores(readProcessors()) : 0
  const here = Math.min(processors, cores || processors)
  return Math.max(1, Math.min(most, Math.floor(here / sharers())))
}
