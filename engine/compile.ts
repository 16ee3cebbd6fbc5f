import type { DeviceBuffer } from './devices/device.js'
import type { Tensor } from './graph/tensor.js'
import { entries, fillTree, leaves, mapTree, type Tree } from './graph/tree.js'
import { withinBudget } from './lower/budget.js'
import { type ExplainOptions, explainPlan } from './lower/explain.js'
import { bytesOf } from './lower/lower.js'
import { makePlan, type Plan } from './lower/plan.js'
import { placeholder, result } from './ops/source.js'
import { device } from './runtime/devices.js'
import { Executable, realise, storageOf } from './runtime/execute.js'
import { type Runtime, Storage } from './runtime/runtime.js'
import { collect } from './scope.js'

type Compiled<A> = {
  readonly executable: Executable
  readonly outputs: Tree
  /** Output buffers given back by their tensors, by output. */
  readonly spare: DeviceBuffer[][]
  disposed: boolean
  /** Tensors of the trace: constants among them hold memory. */
  readonly made: readonly Tensor[]
  /** Arguments like those that it was traced for, without values. */
  readonly args: A
}

/** What `compile` returns: the function, and what it has compiled. */
export type CompiledFunction<A extends readonly Tree[], R extends Tree> = {
  (...args: A): R
  /** How often the function has been traced: once per combination of shapes and dtypes. */
  readonly traces: number
  /** What `explain` says, of every trace. */
  explain(options?: ExplainOptions): string
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
  const { donate = [] } = options
  const cache = new Map<string, Compiled<A>>()
  let runtime: Runtime | undefined

  function trace(args: A): Compiled<A> {
    const { plan, outputs, made } = plannedTrace(fn, args, options)
    return {
      executable: new Executable(plan, runtime!),
      outputs,
      spare: plan.outputs.map(() => []),
      disposed: false,
      made,
      args: args.map(arg => mapTree(arg, t => placeholder(t.shape, t.dtype))) as unknown as A,
    }
  }

  function call(...args: A): R {
    runtime ??= device(options.device)
    const tensors = args.flatMap(leaves)
    // Before a trace takes its memory, which may then be what computing the arguments has left.
    realise(
      tensors.filter(t => !t.storage),
      runtime,
    )
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

  const explainTraces = (how?: ExplainOptions) =>
    [...cache.values()]
      .map(({ args }) => explainPlan(() => plannedTrace(fn, args, options).plan, how))
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
  const compiled = Object.assign(call, { explain: explainTraces, dispose })
  return Object.defineProperty(compiled, 'traces', { get: () => cache.size }) as CompiledFunction<A, R>
}

/** Trace a function for arguments of given shapes and dtypes, and plan it. */
function plannedTrace<A extends readonly Tree[], R extends Tree>(
  fn: (...args: A) => R,
  args: A,
  { donate = [], memory }: CompileOptions,
): { plan: Plan; outputs: R; made: readonly Tensor[] } {
  const inputs = args.map(arg => mapTree(arg, t => placeholder(t.shape, t.dtype))) as unknown as A
  const donated = new Set(donate.flatMap(i => leaves(inputs[i])))
  return withinBudget(memory, () => {
    const { value: outputs, made } = collect(() => fn(...inputs))
    return { outputs, made, plan: makePlan(leaves(outputs), inputs.flatMap(leaves), donated) }
  })
}

/**
 * Explain how a function of tensors would be compiled for arguments of these shapes and dtypes (their values do not
 * matter, nothing runs): its kernels in order, what a step of each loop consists of, and remarks of the passes: what was
 * hoisted out of a loop, what a backward pass has kept, what was not fused, and why.
 */
export function explain<A extends readonly Tree[]>(
  fn: (...args: A) => Tree,
  args: A,
  options: CompileOptions & ExplainOptions = {},
): string {
  return explainPlan(() => plannedTrace(fn, args, options).plan, options)
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
