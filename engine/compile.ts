import { withinBudget } from './budget.js'
import type { DeviceBuffer } from './device.js'
import { device } from './devices.js'
import { Executable, realise, storageOf } from './execute.js'
import { printKernel } from './kernel.js'
import { bytesOf } from './lower/lower.js'
import { makePlan } from './lower/plan.js'
import { placeholder, result } from './ops/source.js'
import { type Runtime, Storage } from './runtime.js'
import { collect } from './scope.js'
import type { Tensor } from './tensor.js'
import { entries, fillTree, leaves, mapTree, type Tree } from './tree.js'

type Compiled = {
  readonly executable: Executable
  readonly outputs: Tree
  /** Output buffers given back by their tensors, by output. */
  readonly spare: DeviceBuffer[][]
  disposed: boolean
  /** Tensors of the trace: constants among them hold memory. */
  readonly made: readonly Tensor[]
}

/** What `compile` returns: the function, and what it has compiled. */
export type CompiledFunction<A extends readonly Tree[], R extends Tree> = {
  (...args: A): R
  /** How often the function has been traced: once per combination of shapes and dtypes. */
  readonly traces: number
  /** The kernels of every trace, for people. */
  explain(): string
  /** Free the memory of all traces. */
  dispose(): void
}

export type CompileOptions = {
  /** Where to run; by default the default device. */
  readonly device?: string
  /**
   * Positions of arguments whose buffers the results may take over (in-place update of parameters and optimiser state).
   * Donated tensors have no value after the call.
   */
  readonly donate?: readonly number[]
  /**
   * Bytes that arguments, results and intermediate values may take together. Where keeping all that a backward pass
   * needs would take more, scans keep checkpoints and work out the rest again: slower by a forward pass at most.
   */
  readonly memory?: number
}

/**
 * Trace a function of tensors once per combination of shapes and dtypes, plan its memory once, and run the plan on
 * every call. The function must be pure: it sees placeholders, and anything but tensor operations in it happens only
 * when it is traced. Tensors from outside are used by reference, not copied.
 *
 * Arguments and result: tensors in nested records or arrays. Calls enqueue work and return; reading a result waits.
 * @throws RangeError on a call for which the memory budget is too small.
 */
export function compile<A extends readonly Tree[], R extends Tree>(
  fn: (...args: A) => R,
  options: CompileOptions = {},
): CompiledFunction<A, R> {
  const { donate = [], memory } = options
  const cache = new Map<string, Compiled>()
  let runtime: Runtime | undefined

  function trace(args: A): Compiled {
    const inputs = args.map(arg => mapTree(arg, t => placeholder(t.shape, t.dtype))) as unknown as A
    const donated = new Set(donate.flatMap(i => leaves(inputs[i])))
    const { outputs, made, plan } = withinBudget(memory, () => {
      const { value: outputs, made } = collect(() => fn(...inputs))
      return { outputs, made, plan: makePlan(leaves(outputs), inputs.flatMap(leaves), donated) }
    })
    return {
      executable: new Executable(plan, runtime!),
      outputs,
      spare: plan.outputs.map(() => []),
      disposed: false,
      made,
    }
  }

  function call(...args: A): R {
    runtime ??= device(options.device)
    const tensors = args.flatMap(leaves)
    const key = args
      .flatMap(arg =>
        entries(arg)
          .map(([path, t]) => `${path}:${t.dtype}[${t.shape}]`)
          .concat(';'),
      )
      .join(' ')
    let compiled = cache.get(key)
    if (!compiled) {
      compiled = trace(args)
      cache.set(key, compiled)
    }
    realise(
      tensors.filter(t => !t.storage),
      runtime,
    )
    const { executable, outputs, spare } = compiled
    const owner = compiled
    const { plan } = executable
    const own = runtime
    const storages = plan.leaves.map((t, i) => storageOf(i < tensors.length ? tensors[i] : t, own))
    const given = args.flatMap((arg, i) => leaves(arg).map(() => donate.includes(i)))
    checkAliases(
      storages,
      storages.map((_, i) => given[i] ?? false),
    )
    const results = plan.outputs.map((t, i) => {
      const donor = plan.donor[i]
      if (donor !== undefined) return storages[donor]
      const buffer = spare[i].pop() ?? own.alloc(bytesOf(t))
      return new Storage(own, buffer, b => (owner.disposed ? own.free(b) : spare[i].push(b)))
    })
    executable.run(
      storages.map(s => s.buffer),
      results.map(s => s.buffer),
    )
    const taken = new Set(plan.donor)
    tensors.forEach((t, i) => {
      if (!given[i]) return
      if (!taken.has(i)) t.storage?.release()
      t.storage = undefined
      t.gone = 'it was donated to a compiled function; use what the function returned'
    })
    return fillTree(
      outputs as R,
      plan.outputs.map((t, i) => {
        const value = result(t.shape, t.dtype)
        value.storage = results[i]
        return value
      }),
    )
  }

  const explain = () =>
    [...cache.values()]
      .flatMap(({ executable }) => executable.plan.launches.map(l => printKernel(l.kernel)))
      .join('\n')
  const dispose = () => {
    for (const compiled of cache.values()) {
      compiled.disposed = true
      compiled.executable.free()
      for (const buffer of compiled.spare.flat()) runtime?.free(buffer)
      for (const t of compiled.made) t.storage?.release()
    }
    cache.clear()
  }
  const compiled = Object.assign(call, { explain, dispose })
  return Object.defineProperty(compiled, 'traces', { get: () => cache.size }) as CompiledFunction<A, R>
}

/** Donated buffers are written in place, so nothing else in the call may read them. */
function checkAliases(storages: readonly Storage[], donated: readonly boolean[]): void {
  const seen = new Map<Storage, boolean>()
  storages.forEach((storage, i) => {
    const before = seen.get(storage)
    if (before !== undefined && (before || donated[i]))
      throw new Error(
        'compile: a donated tensor is also used elsewhere in the same call; pass a copy, or do not donate it',
      )
    seen.set(storage, (before ?? false) || donated[i])
  })
}
