import type { BuiltPass, Compiled } from './compiler.js'
import type { Place, Read } from './pass.js'
import type { Queue } from './queue.js'

/** An argument of a launch: it starts `byte` bytes into a buffer. */
export type Argument = { readonly buffer: GPUBuffer; readonly byte: number }

type Command =
  | {
      readonly kind: 'copy'
      readonly from: GPUBuffer
      readonly fromByte: number
      readonly to: GPUBuffer
      readonly toByte: number
      readonly bytes: number
    }
  | {
      readonly kind: 'dispatch'
      readonly pass: BuiltPass
      readonly buffers: readonly GPUBuffer[]
      readonly bases: readonly number[]
    }

/** Launches bound to buffers, ready to be enqueued any number of times. */
export type Recording = { readonly run: (queue: Queue) => void; readonly params: GPUBuffer | undefined }

/** Memory that launches use one after the other: `take` gives a buffer of at least so many bytes for a purpose. */
export class Workspace {
  readonly #buffers = new Map<string, GPUBuffer>()

  constructor(readonly device: GPUDevice) {}

  take(purpose: string, bytes: number): GPUBuffer {
    // In powers of two, and none is given up before the end: recordings refer to them.
    const size = 2 ** Math.max(8, Math.ceil(Math.log2(bytes)))
    const key = `${purpose} ${size}`
    let buffer = this.#buffers.get(key)
    if (!buffer) {
      buffer = this.device.createBuffer({ size, usage: storage })
      this.#buffers.set(key, buffer)
    }
    return buffer
  }

  destroy(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy()
    this.#buffers.clear()
  }
}

/** What buffers are used for: storage, and copies from and to (the numbers are WebGPU's GPUBufferUsage). */
export const storage = 0x80 | 0x04 | 0x08
const uniform = 0x40 | 0x08

/**
 * Bind a compiled kernel to its arguments: every pass of every turn, in order. Undefined when arguments of which it was
 * taken that they are not in one buffer are: WebGPU would not bind that.
 */
export function record(
  device: GPUDevice,
  workspace: Workspace,
  compiled: Compiled,
  args: readonly Argument[],
): Recording | undefined {
  const commands: Command[] = []
  collect(commands, workspace, compiled, args)
  const dispatches = commands.filter(command => command.kind === 'dispatch')
  const twice = ({ pass, buffers }: (typeof dispatches)[number]) => {
    const written = pass.writes.map(({ slot }) => buffers[pass.slots.indexOf(slot)])
    return new Set(pass.writes.map(({ slot }) => slot)).size > new Set(written).size
  }
  if (dispatches.some(twice)) return undefined
  // Each dispatch has its parameters at an offset that WebGPU accepts, in one buffer.
  const sizes = dispatches.map(({ pass }) => Math.ceil(pass.kernel.paramsLayout.byteLength / 256) * 256)
  const total = sizes.reduce((a, b) => a + b, 0)
  const params = total
    ? device.createBuffer({ size: total, usage: uniform, mappedAtCreation: true })
    : undefined
  const bytes = params?.getMappedRange() ?? new ArrayBuffer(0)
  let offset = 0
  const steps = commands.map(command => {
    if (command.kind === 'copy')
      return (queue: Queue) =>
        queue.copy(command.from, command.fromByte, command.to, command.toByte, command.bytes)
    const { pass, buffers, bases } = command
    const { kernel } = pass
    // gpu.js may fall back to another back end where it sees reason to.
    if (kernel.constructor.mode !== 'webgpu' || kernel.context.device !== device)
      throw new Error(
        `gpu device: gpu.js would run a kernel in mode '${kernel.constructor.mode}', not on this GPU`,
      )
    const { groups, dispatchWidth } = kernel._computeDispatch(kernel.threadDim)
    const { byteLength, scalarArgs } = kernel.paramsLayout
    const view = new DataView(bytes, offset, byteLength)
    ;[...kernel.threadDim, dispatchWidth].forEach((n, i) => {
      view.setUint32(4 * i, n, true)
    })
    const scalars = [...bases, ...pass.constants]
    scalarArgs.forEach(({ type, offset: at }, i) => {
      if (type === 'Integer') view.setInt32(at, scalars[i], true)
      else view.setFloat32(at, scalars[i], true)
    })
    const bindings = device.createBindGroup({
      layout: kernel.computePipeline.getBindGroupLayout(0),
      entries: [
        { binding: 0, resource: { buffer: params!, offset, size: byteLength } },
        ...buffers.map((buffer, i) => ({ binding: i + 1, resource: { buffer } })),
      ],
    })
    offset += Math.ceil(byteLength / 256) * 256
    return (queue: Queue) => queue.dispatch(kernel.computePipeline, bindings, groups)
  })
  params?.unmap()
  return {
    params,
    run: queue => {
      for (const step of steps) step(queue)
    },
  }
}

function collect(
  commands: Command[],
  workspace: Workspace,
  compiled: Compiled,
  args: readonly Argument[],
): void {
  if (compiled.kind === 'passes') {
    collectPasses(commands, workspace, compiled, args)
    return
  }
  const { steps, reverse, body } = compiled.loop
  for (let turn = 0; turn < steps; turn++) {
    const t = reverse ? steps - 1 - turn : turn
    body.forEach(({ args: inner }, i) => {
      const here = inner.map(({ even, odd, offset, stride }) => {
        const { buffer, byte } = args[turn % 2 === 0 ? even : odd]
        return { buffer, byte: byte + offset + t * stride }
      })
      collect(commands, workspace, compiled.body[i], here)
    })
  }
}

function collectPasses(
  commands: Command[],
  workspace: Workspace,
  { passes, temps }: Extract<Compiled, { kind: 'passes' }>,
  args: readonly Argument[],
): void {
  const at = (place: Place): Argument =>
    'arg' in place
      ? args[place.arg]
      : { buffer: workspace.take(`temp ${place.temp}`, temps[place.temp]), byte: 0 }
  const written = new Set(passes.flatMap(({ writes }) => writes.map(({ place }) => at(place).buffer)))
  const snapshots = snapshot(commands, workspace, passes, written, at)
  for (const pass of passes) {
    const found = [...pass.reads, ...pass.writes].map(use => ({
      slot: use.slot,
      ...(('first' in use && !isInPlace(use, pass) && snapshots.get(keyOf(use))) || at(use.place)),
    }))
    commands.push({
      kind: 'dispatch',
      pass,
      buffers: pass.slots.map(slot => found.find(use => use.slot === slot)!.buffer),
      bases: found.map(({ byte }) => byte / 4),
    })
  }
}

/** Whether a pass reads this through the array that it writes. */
const isInPlace = (read: Read, { writes }: BuiltPass): boolean =>
  writes.some(({ slot }) => slot === read.slot)

const keyOf = ({ place, first, length }: Read): string =>
  'arg' in place ? `${place.arg} ${first} ${length}` : 'temporary'

/**
 * WebGPU lets no buffer be read and written in one dispatch, and a later pass must still see what an earlier one writes
 * over. So of arguments that are in buffers which the launch writes, copies are read.
 */
function snapshot(
  commands: Command[],
  workspace: Workspace,
  passes: readonly BuiltPass[],
  written: ReadonlySet<GPUBuffer>,
  at: (place: Place) => Argument,
): ReadonlyMap<string, Argument> {
  const copies = new Map<string, { from: Argument; read: Read }>()
  for (const pass of passes)
    for (const read of pass.reads)
      if ('arg' in read.place && !isInPlace(read, pass) && written.has(at(read.place).buffer))
        copies.set(keyOf(read), { from: at(read.place), read })
  const total = [...copies.values()].reduce((sum, { read }) => sum + read.length, 0)
  const found = new Map<string, Argument>()
  if (!total) return found
  const to = workspace.take('snapshot', 4 * total)
  let toByte = 0
  for (const [key, { from, read }] of copies) {
    const fromByte = from.byte + 4 * read.first
    const bytes = 4 * read.length
    commands.push({ kind: 'copy', from: from.buffer, fromByte, to, toByte, bytes })
    found.set(key, { buffer: to, byte: toByte - 4 * read.first })
    toByte += bytes
  }
  return found
}
