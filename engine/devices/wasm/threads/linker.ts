import { blasImports } from '../matmul/blasLibrary.js'

/** A module as it is handed to a thread. */
export type ModuleCode = {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The path of the BLAS library that is the module's `env.sgemm`, if it imports that. */
  readonly blas?: string | undefined
}

/** A kernel as a function of its arguments' addresses. */
export type KernelFunction = (...pointers: number[]) => void

/** Makes functions of modules, for one thread: they share its scratch memory, which is `env.scratch` (assembler.ts). */
export class Linker {
  readonly #scratch = new WebAssembly.Global({ value: 'i32', mutable: true }, 0)
  #pointer = 0

  /** `barrier`: waits for the other threads that run the same function, if there are any. */
  constructor(
    readonly memory: WebAssembly.Memory,
    readonly barrier = () => {},
  ) {}

  /** Where the functions have their scratch memory from now on. */
  set scratch(pointer: number) {
    if (pointer === this.#pointer) return
    this.#pointer = pointer
    this.#scratch.value = pointer | 0
  }

  /** The function that a module exports as `run`. @throws Error when its BLAS library cannot be loaded. */
  link({ bytes, blas }: ModuleCode): KernelFunction {
    const { memory, barrier } = this
    const env = { memory, scratch: this.#scratch, barrier, ...blasImports(blas, memory) }
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env })
    return instance.exports.run as KernelFunction
  }
}
