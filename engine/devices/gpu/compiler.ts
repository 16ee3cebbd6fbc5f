import type { Kernel, LoopArg, LoopKernel } from '../../kernel.js'
import { argCount } from '../../runtime.js'
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

/** Which buffer each argument of a kernel is. */
type Arguments = readonly number[] | undefined

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

  /** Whether this device takes a kernel, whichever buffers its arguments are. */
  takes(kernel: Kernel, slots: Arguments = everyOther(kernel)): boolean {
    if (kernel.kind === 'loop')
      return kernel.body.every(({ kernel: inner, args }) => this.takes(inner, inLoop(slots, args)))
    return (
      !usesFloat64(kernel) &&
      this.#write(kernel, slots).passes.every(pass => bindingsOf(pass).length <= this.maxBuffers)
    )
  }

  /**
   * Compile a kernel that this device takes. `slots`: for each argument which buffer it is, a number each; not given, any
   * two may be the same.
   */
  compile(kernel: Kernel, slots: Arguments): Compiled {
    if (kernel.kind !== 'loop') return this.build(this.#write(kernel, slots))
    const body = kernel.body.map(({ kernel: inner, args }) => this.compile(inner, inLoop(slots, args)))
    return { kind: 'loop', loop: kernel, body }
  }

  /** Have gpu.js compile passes. */
  build({ passes, temps }: Passes): Compiled {
    return {
      kind: 'passes',
      temps,
      passes: passes
        .filter(pass => pass.threads > 0)
        .map(pass => {
          const slots = bindingsOf(pass)
          return { ...pass, slots, kernel: this.#buildPass(pass, slots) }
        }),
    }
  }

  #write(kernel: Exclude<Kernel, LoopKernel>, slots: Arguments): Passes {
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

  #buildPass({ source, threads, reads, writes, constants }: Pass, slots: Slots): WebGpuKernel {
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

const bindingsOf = ({ reads, writes }: Pass): Slots => [
  ...new Set([...reads, ...writes].map(({ slot }) => slot)),
]

/** Arguments that are all in buffers of their own. */
const everyOther = (kernel: Kernel): number[] => [...Array(argCount(kernel)).keys()]

/** Which buffers the arguments of a kernel in a loop are: those that are the same in every turn have the same number. */
function inLoop(slots: Arguments, args: readonly LoopArg[]): Arguments {
  const buffers = slots && args.map(({ even, odd }) => `${slots[even]} ${slots[odd]}`)
  return buffers?.map(buffer => buffers.indexOf(buffer))
}

const usesFloat64 = (kernel: Kernel): boolean =>
  ('dtype' in kernel && kernel.dtype === 'float64') ||
  ('body' in kernel && kernel.body.some(instr => 'dtype' in instr && instr.dtype === 'float64')) ||
  ('inputs' in kernel && kernel.inputs.some(({ dtype }) => dtype === 'float64'))
