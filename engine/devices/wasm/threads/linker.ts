import { blasImports } from '../matmul/blasLibrary.js'
import type { AddressType } from '../memory.js'

/** A module as it is handed to a thread: as bytes, or compiled. */
export type ModuleCode = {
  readonly module: Uint8Array<ArrayBuffer> | WebAssembly.Module
  /** The path of the BLAS library that is the module's `env.sgemm`, if it imports that. */
  readonly blas?: string | undefined
}

/** A kernel as a function of its arguments' addresses. */
export type KernelFunction = (...pointers: number[]) => void

/** Makes functions of modules, for one thread: they share its scratch memory, which is `env.scratch` (assembler.ts). */
export class Linker {
  readonly #scratch: WebAssembly.Global
  #pointer = 0

  /** `barrier`: waits for the other threads that run the same function, if there are any. */
  constructor(
    readonly memory: WebAssembly.Memory,
    readonly addressType: AddressType = 'i32',
    readonly barrier = () => {},
  ) {
    const initial = addressType === 'i64' ? 0n : 0
    this.#scratch = new WebAssembly.Global({ value: addressType, mutable: true }, initial)
  }

  /** Where the functions have their scratch memory from now on. */
  set scratch(pointer: number) {
    if (pointer === this.#pointer) return
    this.#pointer = pointer
    this.#scratch.value = this.addressType === 'i64' ? BigInt(pointer) : pointer | 0
  }

  /** The function that a module exports as `run`. @throws Error when its BLAS library cannot be loaded. */
  link({ module, blas }: ModuleCode): KernelFunction {
    const { memory, addressType, barrier } = this
    const env = { memory, scratch: this.#scratch, barrier, ...blasImports(blas, memory, addressType) }
    const compiled = module instanceof WebAssembly.Module ? module : new WebAssembly.Module(module)
    const { run } = new WebAssembly.Instance(compiled, { env }).exports
    if (addressType === 'i32') return run as KernelFunction
    const runOnIntegers = run as (...pointers: bigint[]) => void
    return (...pointers) => runOnIntegers(...pointers.map(BigInt))
  }
}
