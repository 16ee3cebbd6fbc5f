import type { Kernel, LoopKernel } from '../../kernel.js'
import { copyPasses } from './copy.js'
import { dialectKernel } from './dialect.js'
import type { GpuInstance, GpuJs, WebGpuKernel } from './gpujs.js'
import { mapPasses } from './map.js'
import { functions } from './math.js'
import { matmulPasses } from './matmul.js'
import type { Pass, Passes } from './pass.js'
import { randomBitsPasses } from './random.js'
import { reducePasses } from './reduce.js'
import { gatherPasses, scatterAddPasses } from './rows.js'

/** A pass with the gpu.js kernel that runs it. */
export type BuiltPass = Pass & { readonly kernel: WebGpuKernel; readonly slots: readonly number[] }

/** A kernel of the engine, compiled: passes in order, or a loop of such. */
export type Compiled =
  | { readonly kind: 'passes'; readonly passes: readonly BuiltPass[]; readonly temps: readonly number[] }
  | { readonly kind: 'loop'; readonly loop: LoopKernel; readonly body: readonly Compiled[] }

/** Writes kernels in the language of dialect.ts and has gpu.js compile them. */
export class Compiler {
  readonly #gpu: GpuInstance
  readonly #built = new Map<string, WebGpuKernel>()
  #building: Promise<unknown> | undefined

  /** `maxBuffers`: how many buffers a kernel may use. `busy`: how many threads keep the device busy. */
  constructor(
    readonly gpujs: GpuJs,
    readonly maxBuffers: number,
    readonly busy: number,
  ) {
    this.#gpu = new gpujs.GPU({ mode: 'webgpu' })
    this.#gpu.Kernel = dialectKernel(gpujs)
    for (const source of Object.values(functions))
      this.#gpu.addFunction(source, { argumentTypes: { x: 'Number' }, returnType: 'Number' })
  }

  /** What must be waited for before what was compiled so far can run, if anything. */
  get ready(): Promise<unknown> | undefined {
    return this.#building
  }

  /** Compile a kernel; undefined for one that this device does not take. */
  compile(kernel: Kernel): Compiled | undefined {
    if (kernel.kind === 'loop') {
      const body: Compiled[] = []
      for (const { kernel: inner, args } of kernel.body) {
        // Which arguments are the same buffers in every turn.
        const buffers = args.map(({ even, odd }) => `${even} ${odd}`)
        const compiled =
          inner.kind === 'loop'
            ? this.compile(inner)
            : this.#passes(
                inner,
                buffers.map(buffer => buffers.indexOf(buffer)),
              )
        if (!compiled) return undefined
        body.push(compiled)
      }
      return { kind: 'loop', loop: kernel, body }
    }
    return this.#passes(
      kernel,
      Array.from({ length: 64 }, (_, i) => i),
    )
  }

  #passes(kernel: Exclude<Kernel, LoopKernel>, slots: readonly number[]): Compiled | undefined {
    if (usesFloat64(kernel)) return undefined
    return this.#link(passesOf(kernel, slots, this.busy))
  }

  /** Have the passes compiled; undefined if one takes more buffers than the device binds. */
  #link({ passes, temps }: Passes): Compiled | undefined {
    const used = passes.map(pass => [...new Set(pass.reads.map(read => read.slot))])
    if (used.some(buffers => buffers.length + 1 > this.maxBuffers)) return undefined
    return {
      kind: 'passes',
      temps,
      passes: passes
        .map((pass, i) => ({ pass, slots: used[i] }))
        .filter(({ pass }) => pass.threads > 0)
        .map(({ pass, slots }) => ({ ...pass, slots, kernel: this.#build(pass, slots) })),
    }
  }

  #build({ source, threads, reads, constants }: Pass, slots: readonly number[]): WebGpuKernel {
    const bases = [...reads.map(read => `base${read.name}`), 'base']
    const names = [...slots.map(slot => `in${slot}`), ...bases, ...constants.map((_, i) => `constant${i}`)]
    const text = `function kernel(${names.join(', ')}) {\n${source}\n}`
    const key = `${threads} ${text}`
    const known = this.#built.get(key)
    if (known) return known
    const { kernel } = this.#gpu.createKernel(text, {
      output: [threads],
      argumentTypes: [
        ...slots.map(() => 'Input'),
        ...bases.map(() => 'Integer'),
        ...constants.map(() => 'Float'),
      ],
      returnType: 'Number',
      // Loops are bounded by themselves.
      loopMaxIterations: 2 ** 31 - 1,
    })
    // Stand-ins of the arguments' types.
    const input = new this.gpujs.Input(new Float32Array(1), [1])
    const building = kernel.build(
      ...slots.map(() => input),
      ...bases.map(() => 1),
      ...constants.map(() => 0.5),
    )
    const all = Promise.all([this.#building, building]).finally(() => {
      if (this.#building === all) this.#building = undefined
    })
    // Who waits for `ready` learns of a failure.
    all.catch(() => {})
    this.#building = all
    this.#built.set(key, kernel)
    return kernel
  }

  async close(): Promise<void> {
    await this.#building?.catch(() => {})
    await this.#gpu.destroy()
  }
}

const usesFloat64 = (kernel: Kernel): boolean =>
  ('dtype' in kernel && kernel.dtype === 'float64') ||
  ('body' in kernel && kernel.body.some(instr => 'dtype' in instr && instr.dtype === 'float64')) ||
  ('inputs' in kernel && kernel.inputs.some(({ dtype }) => dtype === 'float64'))

function passesOf(kernel: Exclude<Kernel, LoopKernel>, slots: readonly number[], busy: number): Passes {
  switch (kernel.kind) {
    case 'map':
      return mapPasses(kernel, slots)
    case 'reduce':
      return reducePasses(kernel, slots, busy)
    case 'matmul':
      return matmulPasses(kernel, slots, busy)
    case 'gather':
      return gatherPasses(kernel)
    case 'scatterAdd':
      return scatterAddPasses(kernel)
    case 'copy':
      return copyPasses(kernel)
    case 'randomBits':
      return randomBitsPasses(kernel)
    default:
      return kernel satisfies never
  }
}
