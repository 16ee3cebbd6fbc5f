import type { Kernel, LoopArg, LoopKernel, SimpleKernel } from '../../kernel/kernel.js'
import { argumentCount, dtypesOf } from '../../kernel/operands.js'
import type { GpuInstance, GpuJs, GpuJsKernel } from './gpujs.js'
import { copyPasses } from './passes/copy.js'
import { mapPasses } from './passes/map.js'
import { functions } from './passes/math.js'
import { matmulPasses } from './passes/matmul.js'
import { outOf, type Pass, type Passes } from './passes/pass.js'
import { randomBitsPasses } from './passes/random.js'
import { reducePasses } from './passes/reduce.js'
import { gatherPasses, scatterAddPasses } from './passes/rows.js'

/**
 * Which arguments of a kernel are the same buffer: for each a number, the same for the same buffer. Undefined where
 * that is not known: any two may be.
 */
export type Aliasing = readonly number[] | undefined

/** The slots of a pass's reads and writes, each once: a binding for each, in this order. */
type Slots = readonly (number | undefined)[]

/** A pass with the gpu.js kernel that runs it. */
export type BuiltPass<K extends GpuJsKernel> = Pass & { readonly kernel: K; readonly slots: Slots }

/** A kernel of the engine, compiled: passes in order, or a loop of such. */
export type Compiled<K extends GpuJsKernel> =
  | {
      readonly kind: 'passes'
      readonly passes: readonly BuiltPass<K>[]
      /** Bytes of each temporary. */
      readonly temporaries: readonly number[]
    }
  | { readonly kind: 'loop'; readonly loop: LoopKernel; readonly body: readonly Compiled<K>[] }

/** What a back end can do. */
export type Capabilities = {
  /** How many buffers a kernel may use. */
  readonly maxBuffers: number
  /** How many threads keep the device busy: sums are cut into partial sums, and tiles made small, until as many have work. */
  readonly saturation: number
  /** Whether a thread can store any number of elements, in several buffers; else it stores one, in the only one. */
  readonly multipleStores: boolean
  /** Whether a kernel is compiled for a number of threads; else it runs with any. */
  readonly fixedThreads: boolean
}

/** Threads that keep the cores of a CPU busy, where it takes the place of a GPU. */
export const softwareThreads = 64

/** Writes kernels in the language of dialect.ts and has gpu.js compile them. */
export class Compiler<K extends GpuJsKernel> {
  /** By the source, and the number of threads where that is fixed. */
  readonly #built = new Map<string, K>()
  #building: Promise<unknown> | undefined

  /** `gpu`: makes kernels of the dialect. */
  constructor(
    readonly gpujs: Pick<GpuJs, 'Input'>,
    readonly gpu: Pick<GpuInstance<K>, 'addFunction' | 'createKernel' | 'destroy'>,
    readonly capabilities: Capabilities,
  ) {
    for (const source of Object.values(functions))
      this.gpu.addFunction(source, { argumentTypes: { x: 'Number' }, returnType: 'Number' })
  }

  /** What must be waited for before what was compiled so far can run, if anything. */
  get ready(): Promise<unknown> | undefined {
    return this.#building
  }

  /** Whether this device takes a kernel, whichever buffers its arguments are. */
  takes(kernel: Kernel, aliasing: Aliasing = unaliased(kernel)): boolean {
    if (kernel.kind === 'loop')
      return kernel.body.every(({ kernel: inner, args }) => this.takes(inner, aliasingInLoop(aliasing, args)))
    return (
      !dtypesOf(kernel).has('float64') &&
      this.#write(kernel, aliasing).passes.every(pass => slotsOf(pass).length <= this.capabilities.maxBuffers)
    )
  }

  /** Compile a kernel that this device takes, for launches whose arguments are aliased as `aliasing` says. */
  compile(kernel: Kernel, aliasing: Aliasing): Compiled<K> {
    if (kernel.kind !== 'loop') return this.build(this.#write(kernel, aliasing))
    const body = kernel.body.map(({ kernel: inner, args }) =>
      this.compile(inner, aliasingInLoop(aliasing, args)),
    )
    return { kind: 'loop', loop: kernel, body }
  }

  /** Have gpu.js compile passes; those without threads do nothing and are left out. */
  build({ passes, temporaries }: Passes): Compiled<K> {
    return {
      kind: 'passes',
      temporaries,
      passes: passes
        .filter(pass => pass.threads > 0)
        .map(pass => {
          const slots = slotsOf(pass)
          return { ...pass, slots, kernel: this.#buildPass(pass, slots) }
        }),
    }
  }

  /** The passes of a kernel, not compiled yet. Without `aliasing` each input gets a binding of its own. */
  #write(kernel: SimpleKernel, aliasing: Aliasing): Passes {
    const { maxBuffers, saturation, multipleStores } = this.capabilities
    switch (kernel.kind) {
      case 'map':
        return mapPasses(kernel, multipleStores ? aliasing : undefined, maxBuffers)
      case 'reduce':
        return reducePasses(kernel, aliasing ?? [...kernel.inputs.keys()], saturation)
      case 'matmul':
        return matmulPasses(
          kernel,
          aliasing ?? [0, 1],
          saturation,
          multipleStores ? undefined : { rows: 1, columns: 1 },
        )
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

  /** The gpu.js kernel of a pass; passes with the same source share one. */
  #buildPass({ source, threads, reads, writes, constants }: Pass, slots: Slots): K {
    const bases = [...reads.map(({ name }) => `base${name}`), ...writes.map(({ name }) => `to${name}`)]
    const written = new Set(writes.map(({ slot }) => slot))
    const names = [
      ...slots.map(slot => (written.has(slot) ? outOf({ slot }) : `in${slot}`)),
      ...bases,
      ...constants.map((_, i) => `constant${i}`),
    ]
    const text = `function kernel(${names.join(', ')}) {\n${source}\n}`
    const output = this.capabilities.fixedThreads ? threads : 1
    const key = `${output} ${text}`
    const known = this.#built.get(key)
    if (known) return known
    const { kernel } = this.gpu.createKernel(text, {
      output: [output],
      argumentTypes: [
        ...slots.map(() => 'Input'),
        ...bases.map(() => 'Integer'),
        ...constants.map(() => 'Float'),
      ],
      returnType: 'Number',
      // Loops are bounded by themselves.
      loopMaxIterations: 2 ** 31 - 1,
    })
    this.#built.set(key, kernel)
    // gpu.js takes the types of arguments from values: any of the right types will do.
    const input = new this.gpujs.Input(new Float32Array(1), [1])
    const building = kernel.build(
      ...slots.map(() => input),
      ...bases.map(() => 1),
      ...constants.map(() => 0.5),
    )
    if (building) this.#wait(building)
    return kernel
  }

  /** Be `ready` only once a kernel is built, too. */
  #wait(building: Promise<void>): void {
    const both = Promise.all([this.#building, building]).finally(() => {
      if (this.#building === both) this.#building = undefined
    })
    // Who waits for `ready` learns of a failure; nobody else needs to.
    both.catch(() => {})
    this.#building = both
  }

  async close(): Promise<void> {
    await this.#building?.catch(() => {})
    await this.gpu.destroy()
  }
}

/** Slots in the order in which reads, then writes name them first. */
const slotsOf = ({ reads, writes }: Pass): Slots => [
  ...new Set([...reads, ...writes].map(({ slot }) => slot)),
]

/** Every argument in a buffer of its own. */
const unaliased = (kernel: Kernel): number[] => [...Array(argumentCount(kernel)).keys()]

/** The aliasing of the arguments of a kernel in a loop: the same are those that are so in every iteration. */
function aliasingInLoop(aliasing: Aliasing, args: readonly LoopArg[]): Aliasing {
  const buffers = aliasing && args.map(({ even, odd }) => `${aliasing[even]} ${aliasing[odd]}`)
  return buffers?.map(buffer => buffers.indexOf(buffer))
}
