import type { DeviceBuffer } from '../devices/device.js'
import { Storage } from '../graph/storage.js'
import type { Tensor } from '../graph/tensor.js'
import { bytesOf } from '../lower/buffers.js'
import { makePlan, type Plan, type PlanArg } from '../lower/plan.js'
import { constantValue, dropHostData, hostData } from '../ops/index.js'
import { device } from './devices.js'
import { type Launch, Runtime } from './runtime.js'

/** A plan with its programs and scratch memory on a device: ready to run any number of times. */
export class Executable {
  /** Shared with other plans. */
  readonly #scratch: DeviceBuffer[]
  /** What kernels that the device has split need, constants among it. */
  readonly #own: DeviceBuffer[] = []
  readonly #launches: readonly OpenLaunch[]

  constructor(
    readonly plan: Plan,
    readonly runtime: Runtime,
  ) {
    this.#scratch = runtime.scratch.take(plan.scratch)
    const take = (bytes: number) => {
      const buffer = runtime.alloc(bytes)
      this.#own.push(buffer)
      return buffer
    }
    try {
      this.#launches = plan.launches.flatMap(({ kernel, args }) =>
        runtime.prepare(kernel, take).map(({ program, args: positions }) => {
          const open: OpenLaunch['open'] = []
          const buffers = positions.map((position, at) => {
            if (typeof position !== 'number') return position
            const from = args[position]
            if (from.kind !== 'scratch') open.push({ at, from })
            // Leaves and outputs are filled in by every run; until then any buffer holds their place.
            return from.kind === 'scratch' ? this.#scratch[from.index] : nowhere
          })
          return { launch: { program, args: buffers }, open }
        }),
      )
    } catch (error) {
      this.free()
      throw error
    }
  }

  /** Enqueue all kernels. `leaves` and `outputs`: buffers in the plan's order. */
  run(leaves: readonly DeviceBuffer[], outputs: readonly DeviceBuffer[]): void {
    const { device } = this.runtime
    for (const { launch, open } of this.#launches) {
      for (const { at, from } of open) launch.args[at] = (from.kind === 'leaf' ? leaves : outputs)[from.index]
      device.run(launch.program, launch.args)
    }
  }

  free(): void {
    this.runtime.scratch.giveBack(this.#scratch.splice(0))
    for (const buffer of this.#own.splice(0)) this.runtime.free(buffer)
  }
}

/** A launch, and which of its arguments every run fills in. */
type OpenLaunch = {
  readonly launch: Launch & { readonly args: DeviceBuffer[] }
  readonly open: { readonly at: number; readonly from: PlanArg }[]
}

const nowhere: DeviceBuffer = { bytes: 0 }

/** The storage of a leaf on a device; data that is only on the host moves there. */
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

/** Compute tensors now (enqueue it) and keep their values. Those computed before, and constants, are left alone. */
export function realise(tensors: readonly Tensor[], runtime = deviceOf(tensors)): void {
  const open = [...new Set(tensors)].filter(t => !t.storage)
  const graph = open.filter(t => !hostData(t))
  for (const t of open) if (hostData(t)) storageOf(t, runtime)
  if (!graph.length) return
  for (const t of graph) if (t.gone) throw new Error(`${t} has no value: ${t.gone}`)
  const plan = makePlan(graph)
  const leaves = plan.leaves.map(t => storageOf(t, runtime).buffer)
  const executable = new Executable(plan, runtime)
  const storages = graph.map(t => new Storage(runtime, runtime.alloc(bytesOf(t))))
  try {
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
