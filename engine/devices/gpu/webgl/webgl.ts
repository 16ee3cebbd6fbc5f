import type { CopyKernel } from '../../../kernel/kernel.js'
import type { Device, DeviceBuffer, Program } from '../../device.js'
import { type Compiled, Compiler } from '../compiler.js'
import type { GpuJs } from '../gpujs.js'
import {
  type Command,
  type Copy,
  checkBytes,
  commandsOf,
  type Dispatch,
  Recordings,
  Workspace,
} from '../launch.js'
import { type GlslKernel, glslKernel } from './glsl.js'
import { type TextureBuffer, Textures } from './textures.js'
import type { WebGl } from './webglContext.js'

type GlDeviceBuffer = DeviceBuffer & { readonly id: number; memory: TextureBuffer | undefined }

type Draw = Dispatch<GlslKernel, TextureBuffer>

type GlProgram = Program & {
  readonly compiled: Compiled<GlslKernel>
  /** Bound to buffers: by these buffers' ids. */
  readonly recordings: Recordings<readonly Draw[]>
}

/** Sums are cut into parts until this many threads have work. */
const gpuThreads = 4096
const softwareThreads = 64

/**
 * The device over WebGL2: kernels compiled to GLSL by gpu.js, and drawn into textures that stay on the device (glsl.ts
 * has how). A kernel writes one buffer, which it cannot read: maps of several outputs are a pass for each.
 */
export function webGlDevice(
  gpujs: GpuJs,
  { gl, canvas, headless, software, description, release }: WebGl,
): Device {
  const maxRows = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number
  const rowBits = Math.min(12, Math.floor(Math.log2(maxRows)))
  const maxBytes = 4 * maxRows * 2 ** rowBits
  const textures = new Textures(gl, rowBits, headless)
  const workspace = new Workspace<TextureBuffer>(
    bytes => textures.create(bytes),
    buffer => textures.destroy(buffer),
  )
  // gpu.js would look for a context of the browser's, and open one to see what it can do.
  gpujs.GPU.disableValidation()
  const gpu = new gpujs.GPU<GlslKernel>({ mode: 'webgl2' })
  gpujs.GPU.enableValidation()
  gpu.Kernel = glslKernel(gpujs, rowBits)
  gpu.canvas = canvas
  gpu.context = gl
  const compiler = new Compiler(gpujs, gpu, {
    maxBuffers: gl.getParameter(gl.MAX_VERTEX_TEXTURE_IMAGE_UNITS) as number,
    busy: software ? softwareThreads : gpuThreads,
    manyStores: false,
    sized: false,
  })
  let buffers = 0

  const memory = (buffer: DeviceBuffer): TextureBuffer => {
    const { memory: texture } = buffer as GlDeviceBuffer
    if (!texture) throw new Error('gpu device: use of a buffer after it was freed')
    return texture
  }

  /** A copy is a pass, too. */
  function drawOfCopy({ from, fromByte, to, toByte, bytes }: Copy<TextureBuffer>): Draw {
    const view = { offset: 0, strides: [1] }
    const kernel: CopyKernel = {
      kind: 'copy',
      dtype: 'int32',
      shape: [bytes / 4],
      source: view,
      to: view,
      accumulate: false,
    }
    const copy = compiler.compile(kernel, undefined)
    const args = [
      { buffer: from, byte: fromByte },
      { buffer: to, byte: toByte },
    ]
    return commandsOf(workspace, copy, args, true)[0] as Draw
  }

  const drawOf = (command: Command<GlslKernel, TextureBuffer>): Draw =>
    command.kind === 'copy' ? drawOfCopy(command) : command

  function draw({ pass, buffers: arrays, bases, before }: Draw): void {
    const { kernel, threads, slots, constants } = pass
    // gpu.js may fall back to another back end where it sees reason to; 'gpu' is its word for all of WebGL.
    if (kernel.constructor.mode !== 'gpu' || kernel.context !== gl || !kernel.program)
      throw new Error(
        `gpu device: gpu.js would run a kernel in mode '${kernel.constructor.mode}', not on this GPU`,
      )
    gl.useProgram(kernel.program)
    arrays.forEach((buffer, i) => {
      const out = slots[i] === undefined
      if (out) target(kernel, buffer)
      const read = out ? before?.buffer : buffer
      if (!read) return
      gl.activeTexture(gl.TEXTURE0 + i)
      gl.bindTexture(gl.TEXTURE_2D, read.texture)
    })
    ;[...bases, ...constants].forEach((value, i) => {
      const at = arrays.length + i
      if (i < bases.length) gl.uniform1i(kernel.locations[at], value)
      else gl.uniform1f(kernel.locations[at], value)
    })
    if (before) gl.uniform1i(kernel.shiftLocation, before.byte / 4 - bases[bases.length - 1])
    gl.drawArrays(gl.POINTS, 0, threads)
  }

  function target({ sizeLocation }: GlslKernel, { framebuffer, width, height }: TextureBuffer): void {
    gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer)
    gl.viewport(0, 0, width, height)
    gl.uniform2i(sizeLocation, width, height)
  }

  /** @throws what went wrong on the GPU since the last time. */
  function check(): void {
    if (gl.isContextLost()) throw new Error('gpu device: the GPU was lost; values on it are gone')
    const error = gl.getError()
    if (error === gl.OUT_OF_MEMORY) throw new Error('gpu device: the GPU has no more memory')
    if (error !== gl.NO_ERROR) throw new Error(`gpu device: WebGL error 0x${error.toString(16)}`)
  }

  return {
    name: 'gpu',
    description,
    // As of WebGPU: GLSL promises no more of division and square roots.
    mapEps: 1e-6,
    matmulEps: 1e-6,
    alloc(bytes) {
      checkBytes(bytes, maxBytes)
      return { bytes, id: buffers++, memory: textures.create(bytes) } as GlDeviceBuffer
    },
    free(buffer) {
      textures.destroy(memory(buffer))
      ;(buffer as GlDeviceBuffer).memory = undefined
    },
    write(buffer, { buffer: data, byteOffset, byteLength }) {
      const words = new Int32Array(data.slice(byteOffset, byteOffset + byteLength))
      textures.write(memory(buffer), words)
    },
    async read(buffer) {
      const words = await textures.read(memory(buffer))
      check()
      return words.buffer.slice(0, buffer.bytes) as ArrayBuffer
    },
    compile(kernel) {
      if (!compiler.takes(kernel)) return null
      const program: GlProgram = {
        kernel,
        compiled: compiler.compile(kernel, undefined),
        recordings: new Recordings(),
      }
      return program
    },
    run(launched, args) {
      const { compiled, recordings } = launched as GlProgram
      const key = args.map(buffer => (buffer as GlDeviceBuffer).id).join()
      let draws = recordings.get(key)
      if (!draws) {
        const at = args.map(buffer => ({ buffer: memory(buffer), byte: 0 }))
        draws = commandsOf(workspace, compiled, at, false).map(drawOf)
        recordings.set(key, draws)
      }
      draws.forEach(draw)
    },
    async close() {
      gl.finish()
      workspace.destroy()
      await compiler.close()
      release()
    },
  }
}
