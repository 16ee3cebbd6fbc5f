import type { Kernel } from '../../../kernel/kernel.js'
import type { Device, DeviceBuffer, Program } from '../../device.js'
import { type Compiled, Compiler, softwareThreads } from '../compiler.js'
import { checkBytes, gpuLost } from '../errors.js'
import type { GpuJs } from '../gpujs.js'
import { Recordings } from '../recordings.js'
import { Workspace } from '../workspace.js'
import { type Draw, draw, drawsOf } from './draws.js'
import { type GlslKernel, glslKernel } from './glsl.js'
import { type TextureBuffer, Textures } from './textures.js'
import type { WebGl } from './webglContext.js'

type WebGlBuffer = DeviceBuffer & { readonly id: number; readonly memory: TextureBuffer }

type WebGlProgram = Program & {
  readonly compiled: Compiled<GlslKernel>
  readonly recordings: Recordings<readonly Draw[]>
}

/** Points that saturate a GPU. */
const gpuThreads = 4096

/**
 * The device over WebGL2: webglContext.ts opens a context, glsl.ts has gpu.js compile kernels to GLSL, textures.ts keeps
 * buffers as textures that stay on the GPU, and draws.ts draws a launch into them. A kernel writes one buffer, which it
 * cannot read: maps of several outputs are a pass for each.
 */
export class WebGlDevice implements Device {
  readonly name = 'gpu'
  readonly description: string
  // As of WebGPU: GLSL promises no more of division and square roots.
  readonly mapEps = 1e-6
  readonly matmulEps = 1e-6
  readonly #context: WebGl
  readonly #textures: Textures
  readonly #workspace: Workspace<TextureBuffer>
  readonly #compiler: Compiler<GlslKernel>
  readonly #maxBytes: number
  #nextId = 0

  constructor(gpujs: GpuJs, context: WebGl) {
    const { gl, headless, description } = context
    this.description = description
    this.#context = context
    const maxRows = gl.getParameter(gl.MAX_TEXTURE_SIZE) as number
    const rowBits = Math.min(12, Math.floor(Math.log2(maxRows)))
    this.#maxBytes = 4 * maxRows * 2 ** rowBits
    const textures = new Textures(gl, rowBits, headless)
    this.#textures = textures
    this.#workspace = new Workspace(
      bytes => textures.create(bytes),
      buffer => textures.destroy(buffer),
    )
    this.#compiler = openCompiler(gpujs, context, rowBits)
  }

  alloc(bytes: number): WebGlBuffer {
    checkBytes(bytes, this.#maxBytes)
    return { bytes, id: this.#nextId++, memory: this.#textures.create(bytes) }
  }

  free(buffer: DeviceBuffer): void {
    this.#textures.destroy((buffer as WebGlBuffer).memory)
  }

  write(buffer: DeviceBuffer, { buffer: data, byteOffset, byteLength }: ArrayBufferView): void {
    const words = new Int32Array(data.slice(byteOffset, byteOffset + byteLength))
    this.#textures.write((buffer as WebGlBuffer).memory, words)
  }

  async read(buffer: DeviceBuffer): Promise<ArrayBuffer> {
    const words = await this.#textures.read((buffer as WebGlBuffer).memory)
    this.#checkErrors()
    return words.buffer.slice(0, buffer.bytes) as ArrayBuffer
  }

  compile(kernel: Kernel): Program | null {
    if (!this.#compiler.takes(kernel)) return null
    const compiled = this.#compiler.compile(kernel, undefined)
    const program: WebGlProgram = { kernel, compiled, recordings: new Recordings() }
    return program
  }

  run(program: Program, args: readonly DeviceBuffer[]): void {
    const { compiled, recordings } = program as WebGlProgram
    const buffers = args as readonly WebGlBuffer[]
    const key = buffers.map(({ id }) => id).join()
    let draws = recordings.get(key)
    if (!draws) {
      const memories = buffers.map(({ memory }) => ({ buffer: memory, byte: 0 }))
      draws = drawsOf(this.#compiler, this.#workspace, compiled, memories)
      recordings.set(key, draws)
    }
    for (const each of draws) draw(this.#context.gl, each)
  }

  async close(): Promise<void> {
    this.#context.gl.finish()
    this.#workspace.destroy()
    await this.#compiler.close()
    this.#context.release()
  }

  /** @throws what went wrong on the GPU since the last time. */
  #checkErrors(): void {
    const { gl } = this.#context
    if (gl.isContextLost()) throw gpuLost()
    const error = gl.getError()
    if (error === gl.OUT_OF_MEMORY) throw new Error('gpu device: the GPU has no more memory')
    if (error !== gl.NO_ERROR) throw new Error(`gpu device: WebGL error 0x${error.toString(16)}`)
  }
}

/** Compiles kernels for a context whose textures have rows of 2^`rowBits` words. */
function openCompiler(gpujs: GpuJs, { gl, canvas, software }: WebGl, rowBits: number): Compiler<GlslKernel> {
  // gpu.js would look for a context of the browser's, and open one to see what it can do.
  gpujs.GPU.disableValidation()
  const gpu = new gpujs.GPU<GlslKernel>({ mode: 'webgl2' })
  gpujs.GPU.enableValidation()
  gpu.Kernel = glslKernel(gpujs, rowBits)
  gpu.canvas = canvas
  gpu.context = gl
  return new Compiler(gpujs, gpu, {
    maxBuffers: gl.getParameter(gl.MAX_VERTEX_TEXTURE_IMAGE_UNITS) as number,
    saturation: software ? softwareThreads : gpuThreads,
    multipleStores: false,
    fixedThreads: false,
  })
}
