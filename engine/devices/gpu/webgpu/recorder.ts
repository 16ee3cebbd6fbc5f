import type { Compiled } from '../compiler.js'
import type { WebGpuKernel } from '../gpujs.js'
import { type Argument, commandsOf, type Workspace } from '../launch.js'
import type { Queue } from './queue.js'

/** Launches bound to buffers, ready to be enqueued any number of times. */
export type Recording = { readonly run: (queue: Queue) => void; readonly params: GPUBuffer | undefined }

/** What a buffer is used for: uniforms, and copies to it (WebGPU's GPUBufferUsage). */
const uniform = 0x40 | 0x08

/**
 * Bind a compiled kernel to its arguments: every pass of every turn, in order. Undefined when arguments of which it was
 * taken that they are not in one buffer are: WebGPU would not bind that.
 */
export function record(
  device: GPUDevice,
  workspace: Workspace<GPUBuffer>,
  compiled: Compiled<WebGpuKernel>,
  args: readonly Argument<GPUBuffer>[],
): Recording | undefined {
  const commands = commandsOf(workspace, compiled, args, true)
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
