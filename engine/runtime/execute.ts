import type { DeviceBuffer, Launch } from '../devices/device.js'
import { Storage } from '../graph/storage.js'
import type { Tensor } from '../graph/tensor.js'
import { bytesOf } from '../lower/buffers.js'
import { makePlan, type Plan, type PlanArg } from '../lower/plan.js'
import { constantValue, dropHostData, hostData } from '../ops/index.js'
import { device } from './devices.js'
import { Runtime } from './runtime.js'

/** A plan with its programs and scratch memory on a device: ready to run any number of times. */
export class Executable {
  /** The plan's scratch buffers, which other plans use, too. */
  readonly #scratch: DeviceBuffer[]
  /** Buffers between the pieces of kernels that the device has declined; some hold constants, so no other plan may. */
  readonly #splitBuffers: DeviceBuffer[] = []
  readonly #launches: Launch[] = []
  readonly #unbound: UnboundArgument[] = []

  /** @throws Error when the device has too little memory, or declines a kernel that cannot be split; nothing is kept then. */
  constructor(
    readonly plan: Plan,
    readonly runtime: Runtime,
  ) {
    this.#scratch = runtime.scratch.take(plan.scratch)
    const alloc = (bytes: number) => {
      const buffer = runtime.alloc(bytes)
      this.#splitBuffers.push(buffer)
      return buffer
    }
    try {
      for (const { kernel, args } of plan.launches)
        for (const { program, args: prepared } of runtime.prepare(kernel, alloc)) {
          const buffers: DeviceBuffer[] = []
          for (const [position, arg] of prepared.entries()) {
            const from = typeof arg === 'number' ? args[arg] : undefined
            if (typeof arg !== 'number') buffers.push(arg)
            else if (from?.kind === 'scratch') buffers.push(this.#scratch[from.index])
            else {
              buffers.push(noBuffer)
              this.#unbound.push({ args: buffers, position, from: args[arg] })
            }
          }
          this.#launches.push({ program, args: buffers })
        }
    } catch (error) {
      this.free()
      throw error
    }
  }

  /** Enqueue all kernels. `leaves` and `outputs`: buffers in the plan's order. */
  run(leaves: readonly DeviceBuffer[], outputs: readonly DeviceBuffer[]): void {
    for (const { args, position, from } of this.#unbound)
      args[position] = (from.kind === 'leaf' ? leaves : outputs)[from.index]
    this.runtime.run(this.#launches)
  }

  /** Give back all buffers and programs. */
  free(): void {
    this.runtime.forget(this.#launches)
    this.runtime.giveBack(this.#launches.splice(0))
    this.runtime.scratch.giveBack(this.#scratch.splice(0))
    for (const buffer of this.#splitBuffers.splice(0)) this.runtime.free(buffer)
  }
}

/** An argument of a launch that is a leaf or an output of the plan: every run puts its buffer in. */
type UnboundArgument = {
  readonly args: DeviceBuffer[]
  readonly position: number
  readonly from: PlanArg
}

/** In the place of an argument that is not bound yet. */
const noBuffer: DeviceBuffer = { bytes: 0 }

/**
 * The storage of a leaf on a device; data that is only on the host moves there.
 * @throws Error when its value is on another device, or is gone.
 */
export function storageOf(t: Tensor, runtime: Runtime): Storage {
  if (t.storage) {
    if (t.storage.memory !== runtime)
      throw new Error(
        `${t} is on device '${t.storage.memory.name}', but '${runtime.name}' is to compute with it; copy it with await t.to('${runtime.name}')`,
      )
    return t.storage
  }
  const data = t.gone === undefined ? hostData(t) : undefined
  if (!data) throw new Error(`${t} has no value: ${t.gone ?? 'it was never computed'}`)
  const buffer = runtime.alloc(data.byteLength)
  runtime.write(buffer, data)
  t.storage = new Storage(runtime, buffer)
  dropHostData(t)
  return t.storage
}

/**
 * Compute tensors now (enqueue it) and keep their values; those that have one are left alone. `runtime`: where; by default
 * where values that they are made of are, else on the default device.
 * @throws Error when a value that is needed is gone or on another device, when a tensor belongs to a trace, or when the
 * device has too little memory or cannot run a kernel; the tensors have no value then.
 */
export function realise(tensors: readonly Tensor[], runtime = deviceOf(tensors)): void {
  const missing = [...new Set(tensors)].filter(t => !t.storage)
  const graph = missing.filter(t => !hostData(t))
  for (const t of missing) if (hostData(t)) storageOf(t, runtime)
  if (!graph.length) return
  for (const t of graph) if (t.gone) throw new Error(`${t} has no value: ${t.gone}`)
  const plan = makePlan(graph)
  const leaves = plan.leaves.map(t => storageOf(t, runtime).buffer)
  const executable = new Executable(plan, runtime)
  const storages: Storage[] = []
  try {
    for (const t of graph) storages.push(new Storage(runtime, runtime.alloc(bytesOf(t))))
    executable.run(
      leaves,
      storages.map(s => s.buffer),
    )
  } catch (error) {
    for (const s of storages) s.release()
    throw error
  } finally {
    executable.free()
  }
  graph.forEach((t, i) => {
    t.storage = storages[i]
  })
}

/** The device that a graph's values are on, if any is there already; else the default. */
function deviceOf(tensors: readonly Tensor[]): Runtime {
  const seen = new Set<Tensor>()
  const stack = [...tensors]
  while (stack.length) {
    const t = stack.pop()!
    // All values lie in the memory of a runtime.
    if (t.storage?.memory instanceof Runtime) return t.storage.memory
    if (seen.has(t) || constantValue(t) !== undefined) continue
    seen.add(t)
    stack.push(...t.inputs)
  }
  return device()
}
