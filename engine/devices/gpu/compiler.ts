import type { Kernel, LoopArg, LoopKernel } from '../../kernel/kernel.js'
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

/** Which buffer each argument of a kernel is. */
type Arguments = readonly number[] | undefined

/** The bindings of a pass: its slots, `undefined` for that of a write of its own. */
type Slots = readonly (number | undefined)[]

/** A pass with the gpu.js kernel that runs it. */
export type BuiltPass<K extends GpuJsKernel> = Pass & { readonly kernel: K; readonly slots: Slots }

/** A kernel of the engine, compiled: passes in order, or a loop of such. */
export type Compiled<K extends GpuJsKernel> =
  | { readonly kind: 'passes'; readonly passes: readonly BuiltPass<K>[]; readonly temps: readonly number[] }
  | { readonly kind: 'loop'; readonly loop: LoopKernel; readonly body: readonly Compiled<K>[] }

/** What a back end can do. */
export type Abilities = {
  /** How many buffers a kernel may use. */
  readonly maxBuffers: number
  /** How many threads keep the device busy. */
  readonly busy: number
  /** Whether a thread can store any number of elements, in several buffers; else it stores one, in the only one. */
  readonly manyStores: boolean
  /** Whether kernels are made for a number of threads, not for any. */
  readonly sized: boolean
}

/** Writes kernels in the language of dialect.ts and has gpu.js compile them. */
export class Compiler<K extends GpuJsKernel> {
  readonly #built = new Map<string, K>()
  #building: Promise<unknown> | undefined

  /** `gpu`: makes kernels of the dialect. */
  constructor(
    readonly gpujs: GpuJs,
    readonly gpu: GpuInstance<K>,
    readonly abilities: Abilities,
  ) {
    for (const source of Object.values(functions))
      this.gpu.addFunction(source, { argumentTypes: { x: 'Number' }, returnType: 'Number' })
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
      !dtypesOf(kernel).has('float64') &&
      this.#write(kernel, slots).passes.every(pass => bindingsOf(pass).length <= this.abilities.maxBuffers)
    )
  }

  /**
   * Compile a kernel that this device takes. `slots`: for each argument which buffer it is, a number each; not given, any
   * two may be the same.
   */
  compile(kernel: Kernel, slots: Arguments): Compiled<K> {
    if (kernel.kind !== 'loop') return this.build(this.#write(kernel, slots))
    const body = kernel.body.map(({ kernel: inner, args }) => this.compile(inner, inLoop(slots, args)))
    return { kind: 'loop', loop: kernel, body }
  }

  /** Have gpu.js compile passes. */
  build({ passes, temps }: Passes): Compiled<K> {
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
    const { maxBuffers, busy, manyStores } = this.abilities
    switch (kernel.kind) {
      case 'map':
        return mapPasses(kernel, manyStores ? slots : undefined, maxBuffers)
      case 'reduce':
        return reducePasses(kernel, slots ?? [...kernel.inputs.keys()], busy)
      case 'matmul':
        return matmulPasses(kernel, slots ?? [0, 1], busy, manyStores ? undefined : { rows: 1, columns: 1 })
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

  #buildPass({ source, threads, reads, writes, constants }: Pass, slots: Slots): K {
    const bases = [...reads.map(({ name }) => `base${name}`), ...writes.map(({ name }) => `to${name}`)]
    const written = new Set(writes.map(({ slot }) => slot))
    const names = [
      ...slots.map(slot => (written.has(slot) ? outOf({ slot }) : `in${slot}`)),
      ...bases,
      ...constants.map((_, i) => `constant${i}`),
    ]
    const text = `function kernel(${names.join(', ')}) {\n${source}\n}`
    const output = this.abilities.sized ? threads : 1
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
    // Stand-ins of the arguments' types.
    const input = new this.gpujs.Input(new Float32Array(1), [1])
    const building = kernel.build(
      ...slots.map(() => input),
      ...bases.map(() => 1),
      ...constants.map(() => 0.5),
    )
    this.#built.set(key, kernel)
    if (!building) return kernel
    const all = Promise.all([this.#building, building]).finally(() => {
      if (this.#building === all) this.#building = undefined
    })
    // Who waits for `ready` learns of a failure.
    all.catch(() => {})
    this.#building = all
    return kernel
  }

  async close(): Promise<void> {
    await this.#building?.catch(() => {})
    await this.gpu.destroy()
  }
}

const bindingsOf = ({ reads, writes }: Pass): Slots => [
  ...new Set([...reads, ...writes].map(({ slot }) => slot)),
]

/** Arguments that are all in buffers of their own. */
const everyOther = (kernel: Kernel): number[] => [...Array(argumentCount(kernel)).keys()]

/** Which buffers the arguments of a kernel in a loop are: those that are the same in every turn have the same number. */
function inLoop(slots: Arguments, args: readonly LoopArg[]): Arguments {
  const buffers = slots && args.map(({ even, odd }) => `${slots[even]} ${slots[odd]}`)
  return buffers?.map(buffer => buffers.indexOf(buffer))
}
