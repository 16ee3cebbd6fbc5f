import type { Compiled } from '../compiler.js'
import { checkBackend } from '../errors.js'
import type { WebGpuKernel } from '../gpujs.js'
import { type Argument, commandsOf, type Dispatch } from '../launch.js'
import type { Workspace } from '../workspace.js'
import type { Queue } from './queue.js'
import { bufferUsage } from './usage.js'

type GpuDispatch = Dispatch<WebGpuKernel, GPUBuffer>

/** A launch bound to buffers, ready to be enqueued any number of times. `params`: the uniforms of its dispatches. */
export type Recording = { readonly run: (queue: Queue) => void; readonly params: GPUBuffer | undefined }

/** Each dispatch has its parameters at an offset that WebGPU accepts, in one buffer for all. */
const paramsBytes = ({ pass }: GpuDispatch): number =>
  Math.ceil(pass.kernel.paramsLayout.byteLength / 256) * 256

/**
 * Bind a compiled kernel to its arguments: every pass of every iteration, in order. Undefined when arguments that the
 * kernel was compiled for as different buffers are one: WebGPU would not bind that.
 * @throws Error when gpu.js would run a kernel elsewhere than on this GPU.
 */
export function record(
  device: GPUDevice,
  workspace: Workspace<GPUBuffer>,
  compiled: Compiled<WebGpuKernel>,
  args: readonly Argument<GPUBuffer>[],
): Recording | undefined {
  const commands = commandsOf(workspace, compiled, args, true)
  const dispatches = commands.filter(command => command.kind === 'dispatch')
  if (dispatches.some(writesOneBufferTwice)) return undefined
  const size = dispatches.map(paramsBytes).reduce((a, b) => a + b, 0)
  const params = size
    ? device.createBuffer({ size, usage: bufferUsage.uniform, mappedAtCreation: true })
    : undefined
  const mapped = params?.getMappedRange() ?? new ArrayBuffer(0)
  let offset = 0
  const steps = commands.map(command => {
    if (command.kind === 'copy') {
      const { from, fromByte, to, toByte, bytes } = command
      return (queue: Queue) => queue.copy(from, fromByte, to, toByte, bytes)
    }
    const { kernel } = command.pass
    checkBackend(kernel, 'webgpu', kernel.context.device === device)
    const groups = writeParams(command, mapped, offset)
    const bindings = bind(device, command, params!, offset)
    offset += paramsBytes(command)
    const { computePipeline } = kernel
    return (queue: Queue) => queue.dispatch(computePipeline, bindings, groups)
  })
  params?.unmap()
  return {
    params,
    run: queue => {
      for (const step of steps) step(queue)
    },
  }
}

/** Whether bindings that are written, which were taken for different buffers, are one. */
function writesOneBufferTwice({ pass, buffers }: GpuDispatch): boolean {
  const slots = new Set(pass.writes.map(({ slot }) => slot))
  return slots.size > new Set([...slots].map(slot => buffers[pass.slots.indexOf(slot)])).size
}

/** Writes a dispatch's parameters, as gpu.js lays them out, from byte `offset` on. Returns its workgroups. */
function writeParams(
  { pass: { kernel, constants }, bases }: GpuDispatch,
  mapped: ArrayBuffer,
  offset: number,
): readonly [number, number, number] {
  const { groups, dispatchWidth } = kernel._computeDispatch(kernel.threadDim)
  const { byteLength, scalarArgs } = kernel.paramsLayout
  const view = new DataView(mapped, offset, byteLength)
  ;[...kernel.threadDim, dispatchWidth].forEach((n, i) => {
    view.setUint32(4 * i, n, true)
  })
  const scalars = [...bases, ...constants]
  scalarArgs.forEach(({ type, offset: byte }, i) => {
    if (type === 'Integer') view.setInt32(byte, scalars[i], true)
    else view.setFloat32(byte, scalars[i], true)
  })
  return groups
}

/** Binds a dispatch's parameters and buffers. */
const bind = (
  device: GPUDevice,
  { pass: { kernel }, buffers }: GpuDispatch,
  params: GPUBuffer,
  offset: number,
): GPUBindGroup =>
  device.createBindGroup({
    layout: kernel.computePipeline.getBindGroupLayout(0),
    entries: [
      { binding: 0, resource: { buffer: params, offset, size: kernel.paramsLayout.byteLength } },
      ...buffers.map((buffer, i) => ({ binding: i + 1, resource: { buffer } })),
    ],
  })
