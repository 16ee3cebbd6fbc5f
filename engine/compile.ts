import type { DeviceBuffer } from './devices/device.js'
import { Storage } from './graph/storage.js'
import type { Tensor } from './graph/tensor.js'
import { entries, fillTree, leaves, mapTree, type Tree } from './graph/tree.js'
import { withinBudget } from './lower/budget.js'
import { bytesOf } from './lower/buffers.js'
import { type ExplainOptions, explainPlan } from './lower/explain.js'
import { type Outline, outlinePlan } from './lower/outline.js'
import { makePlan, type Plan } from './lower/plan.js'
import { placeholder, result } from './ops/index.js'
import { device } from './runtime/devices.js'
import { Executable, realise, storageOf } from './runtime/execute.js'
import type { Runtime } from './runtime/runtime.js'
import { collect } from './scope.js'

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

/** What `compile` may do with memory, and where it computes. */
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
 * Arguments and result: tensors in nested records or arrays (TypeScript takes arguments without a type for tensors).
 * Calls enqueue work and return; reading a result waits. Each combination of shapes takes memory of its own until
 * `dispose`: of data that come in ever new shapes, pad the shapes, or dispose of the function now and then.
 * @throws RangeError on a call for which the memory budget is too small; Error on a call in which a donated tensor is used
 * twice, or an argument has no value any more or lies on another device; TypeError on a call with arguments that are no
 * trees of tensors; and on the first call as `device`.
 * @example
 * ```ts
 * import { compile, tensor } from 'xenograd'
 *
 * const norm = compile(x => x.square().sum().sqrt())
 * console.log(await norm(tensor([3, 4])).item()) // 5
 * ```
 */
export function compile<A extends readonly Tensor[], R extends Tree>(
  fn: (...args: A) => R,
  options?: CompileOptions,
): CompiledFunction<A, R>
export function compile<A extends readonly Tree[], R extends Tree>(
  fn: (...args: A) => R,
  options?: CompileOptions,
): CompiledFunction<A, R>
export function compile<A extends readonly Tree[], R extends Tree>(
  fn: (...args: A) => R,
  options: CompileOptions = {},
): CompiledFunction<A, R> {
  const traces = new Map<string, Trace<A, R>>()
  let runtime: Runtime | undefined

  function call(...args: A): R {
    runtime ??= device(options.device)
    // Before a trace allocates: what computing the arguments needed is free again then, and the trace may take it.
    realise(
      args.flatMap(leaves).filter(t => !t.storage),
      runtime,
    )
    const key = traceKey(args)
    let trace = traces.get(key)
    if (!trace) {
      trace = new Trace(fn, args, options, runtime)
      traces.set(key, trace)
    }
    return trace.run(args)
  }
  const explainTraces = (options?: ExplainOptions) =>
    [...traces.values()].map(trace => trace.explain(options)).join('\n')
  const dispose = () => {
    for (const trace of traces.values()) trace.dispose()
    traces.clear()
  }
  const compiled = Object.assign(call, { explain: explainTraces, dispose })
  return Object.defineProperty(compiled, 'traces', { get: () => traces.size }) as CompiledFunction<A, R>
}

/** The key of a trace: the same for arguments of the same structure, shapes and dtypes. */
const traceKey = (args: readonly Tree[]): string =>
  args
    .flatMap(arg =>
      entries(arg)
        .map(([path, t]) => `${path}:${t.dtype}[${t.shape}]`)
        .concat(';'),
    )
    .join(' ')

/** A function traced for arguments of some shapes and dtypes, planned and ready to run. */
class Trace<A extends readonly Tree[], R extends Tree> {
  readonly #executable: Executable
  readonly #plan: Plan
  readonly #outputs: R
  /** Tensors of the trace: constants among them hold memory. */
  readonly #made: readonly Tensor[]
  /** Whether each of the arguments' tensors is donated. */
  readonly #donated: readonly boolean[]
  /** For each output, the buffers that its tensors of earlier calls have given back. */
  readonly #spare: readonly DeviceBuffer[][]
  #isDisposed = false
  /** The arguments' structure, shapes and dtypes, to trace again for `explain`. */
  readonly #placeholders: A

  constructor(
    readonly fn: (...args: A) => R,
    args: A,
    readonly options: CompileOptions,
    readonly runtime: Runtime,
  ) {
    const { plan, outputs, made } = plannedTrace(fn, args, options)
    this.#executable = new Executable(plan, runtime)
    this.#plan = plan
    this.#outputs = outputs
    this.#made = made
    this.#donated = args.flatMap((arg, i) => leaves(arg).map(() => options.donate?.includes(i) ?? false))
    this.#spare = plan.outputs.map(() => [])
    this.#placeholders = placeholdersLike<A>(args)
  }

  /** Enqueue the computation; results have buffers of their own or those of donated arguments. */
  run(args: A): R {
    const tensors = args.flatMap(leaves)
    const { leaves: inputs, outputs, donor } = this.#plan
    const storages = inputs.map((t, i) => storageOf(tensors[i] ?? t, this.runtime))
    checkAliases(storages, this.#donated)
    const results: Storage[] = []
    try {
      outputs.forEach((t, i) => {
        const from = donor[i]
        results.push(from === undefined ? this.#newStorage(t, this.#spare[i]) : storages[from])
      })
      this.#executable.run(
        storages.map(s => s.buffer),
        results.map(s => s.buffer),
      )
    } catch (error) {
      results.forEach((storage, i) => {
        if (donor[i] === undefined) storage.release()
      })
      throw error
    }
    this.#takeDonated(tensors)
    return fillTree(
      this.#outputs,
      outputs.map((t, i) => {
        const value = result(t.shape, t.dtype)
        value.storage = results[i]
        return value
      }),
    )
  }

  #newStorage(t: Tensor, spare: DeviceBuffer[]): Storage {
    const { runtime } = this
    const buffer = spare.pop() ?? runtime.alloc(bytesOf(t))
    return new Storage(runtime, buffer, b => (this.#isDisposed ? runtime.free(b) : spare.push(b)))
  }

  /** Donated tensors have no value any more; memory that no result has taken over is given back. */
  #takeDonated(tensors: readonly Tensor[]): void {
    const taken = new Set(this.#plan.donor)
    tensors.forEach((t, i) => {
      if (!this.#donated[i]) return
      if (!taken.has(i)) t.storage?.release()
      t.storage = undefined
      t.gone = 'it was donated to a compiled function; use what the function returned'
    })
  }

  explain(options?: ExplainOptions): string {
    return explainPlan(() => plannedTrace(this.fn, this.#placeholders, this.options).plan, options)
  }

  dispose(): void {
    this.#isDisposed = true
    this.#executable.free()
    for (const buffer of this.#spare.flat()) this.runtime.free(buffer)
    for (const t of this.#made) t.storage?.release()
  }
}

const placeholdersLike = <A extends readonly Tree[]>(args: readonly [...A]): A =>
  args.map(arg => mapTree(arg, t => placeholder(t.shape, t.dtype))) as unknown as A

/** Trace a function for arguments of given shapes and dtypes, and plan it. */
function plannedTrace<A extends readonly Tree[], R extends Tree>(
  fn: (...args: A) => R,
  args: readonly [...A],
  { donate = [], memory }: CompileOptions,
): { plan: Plan; outputs: R; made: readonly Tensor[] } {
  const inputs = placeholdersLike<A>(args)
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
  args: readonly [...A],
  options: CompileOptions & ExplainOptions = {},
): string {
  return explainPlan(() => plannedTrace(fn, args, options).plan, options)
}

/** What `explain` says, as data: kernels, whose results each of them reads, and the passes' remarks. */
export function outline<A extends readonly Tree[]>(
  fn: (...args: A) => Tree,
  args: readonly [...A],
  options: CompileOptions = {},
): Outline {
  return outlinePlan(() => plannedTrace(fn, args, options).plan)
}

/**
 * Donated buffers are written in place, so nothing else in the call may read them.
 * @throws Error when something else does.
 */
function checkAliases(storages: readonly Storage[], donated: readonly boolean[]): void {
  const seen = new Map<Storage, boolean>()
  storages.forEach((storage, i) => {
    const isDonated = donated[i] ?? false
    const before = seen.get(storage)
    if (before !== undefined && (before || isDonated))
      throw new Error(
        'compile: a donated tensor is also used elsewhere in the same call; pass a copy, or do not donate it',
      )
    seen.set(storage, (before ?? false) || isDonated)
  })
}
