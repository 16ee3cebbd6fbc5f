import type { Kernel, LoopKernel } from '../../kernel.js'
import { copyPasses } from './copy.js'
import { dialectKernel } from './dialect.js'
import type { GpuInstance, GpuJs, WebGpuKernel } from './gpujs.js'
import { mapPasses } from './map.js'
import { functions } from './math.js'
import { matmulPasses } from './matmul.js'
import { outOf, type Pass, type Passes } from './pass.js'
import { randomBitsPasses } from './random.js'
import { reducePasses } from './reduce.js'
import { gatherPasses, scatterAddPasses } from './rows.js'

/** The bindings of a pass: its slots, `undefined` for that of a write of its own. */
type Slots = readonly (number | undefined)[]

/** A pass with the gpu.js kernel that runs it. */
export type BuiltPass = Pass & { readonly kernel: WebGpuKernel; readonly slots: Slots }

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

  /**
   * Compile a kernel; undefined for one that this device does not take. In a loop arguments are taken to be in one
   * buffer if and only if they are so in every turn; `distrust` takes that back.
   */
  compile(kernel: Kernel, distrust = false): Compiled | undefined {
    if (kernel.kind !== 'loop') return this.#passes(kernel, undefined)
    const body: Compiled[] = []
    for (const { kernel: inner, args } of kernel.body) {
      const buffers = args.map(({ even, odd }) => `${even} ${odd}`)
      const slots = distrust ? undefined : buffers.map(buffer => buffers.indexOf(buffer))
      const compiled = inner.kind === 'loop' ? this.compile(inner, distrust) : this.#passes(inner, slots)
      if (!compiled) return undefined
      body.push(compiled)
    }
    return { kind: 'loop', loop: kernel, body }
  }

  #passes(kernel: Exclude<Kernel, LoopKernel>, slots: readonly number[] | undefined): Compiled | undefined {
    return usesFloat64(kernel) ? undefined : this.#link(this.#write(kernel, slots))
  }

  /** Have the passes compiled; undefined if one takes more buffers than the device binds. */
  #link({ passes, temps }: Passes): Compiled | undefined {
    const used = passes.map(({ reads, writes }) => [
      ...new Set([...reads, ...writes].map(({ slot }) => slot)),
    ])
    if (used.some(buffers => buffers.length > this.maxBuffers)) return undefined
    return {
      kind: 'passes',
      temps,
      passes: passes
        .map((pass, i) => ({ pass, slots: used[i] }))
        .filter(({ pass }) => pass.threads > 0)
        .map(({ pass, slots }) => ({ ...pass, slots, kernel: this.#build(pass, slots) })),
    }
  }

  #write(kernel: Exclude<Kernel, LoopKernel>, slots: readonly number[] | undefined): Passes {
    switch (kernel.kind) {
      case 'map':
        return mapPasses(kernel, slots, this.maxBuffers)
      case 'reduce':
        return reducePasses(kernel, slots ?? [...kernel.inputs.keys()], this.busy)
      case 'matmul':
        return matmulPasses(kernel, slots ?? [0, 1], this.busy)
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

  #build({ source, threads, reads, writes, constants }: Pass, slots: Slots): WebGpuKernel {
    const bases = [...reads.map(({ name }) => `base${name}`), ...writes.map(({ name }) => `to${name}`)]
    const written = new Set(writes.map(({ slot }) => slot))
    const names = [
      ...slots.map(slot => (written.has(slot) ? outOf({ slot }) : `in${slot}`)),
      ...bases,
      ...constants.map((_, i) => `constant${i}`),
    ]
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
