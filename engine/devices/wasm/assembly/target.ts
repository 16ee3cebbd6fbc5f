import { setV8Flag, withV8Flag } from '../../shared/node.js'
import type { AddressType } from '../memory.js'
import { type FunctionBuilder, ModuleBuilder } from './assembler.js'
import { f32x4, type V128 } from './instructions.js'
import { chooseVectors, type VectorWidth, v8Version } from './vectors.js'

/** What code may make use of: the host's WebAssembly, and a BLAS library if there is one. */
export type Target = {
  /** Whether there is relaxed SIMD, which may multiply and add with one rounding. */
  readonly relaxed: boolean
  /** Whether V8 makes 256-bit vectors of two neighbours (vectors.ts): code is emitted so that it can. */
  readonly wide?: boolean
  /** What a banner says of the vectors. */
  readonly vectors: string
  /** The type of the memory's addresses; i32 if not given. */
  readonly addressType?: AddressType
  /** Whether constants are better loaded than made by code (constants.ts). */
  readonly loadsConstants?: boolean
  /**
   * The BLAS library that computes large products (sgemm.ts). It reads both operands of products of up to `unpacked`
   * multiply-adds where they are, without packing them (packedSgemm.ts); 0 for one of which that is not known. `kinds`: of
   * products that it computes (productKind.ts); all if not given.
   */
  readonly sgemm?: { readonly unpacked: number; readonly kinds?: readonly string[] }
  /** `a * b + c`, rounded once where the host has relaxed SIMD, else twice. */
  madd(a: V128, b: V128, c: V128): V128
  /** `c - a * b`, rounded likewise. */
  nmadd(a: V128, b: V128, c: V128): V128
}

/** WebAssembly as it was standardised: no fused multiply-add. */
export const plainTarget: Target = {
  relaxed: false,
  vectors: '128-bit vectors',
  madd: (a, b, c) => f32x4.add(f32x4.mul(a, b), c),
  nmadd: (a, b, c) => f32x4.sub(c, f32x4.mul(a, b)),
}

/** WebAssembly with relaxed SIMD: fused multiply-add where the processor has it. */
export const relaxedTarget: Target = {
  ...plainTarget,
  relaxed: true,
  madd: f32x4.relaxed_madd,
  nmadd: f32x4.relaxed_nmadd,
}

/** Whether this host takes a function; `write` gets a vector of zeros to work on. */
function validates(write: (f: FunctionBuilder, zero: V128) => void): boolean {
  const module = new ModuleBuilder()
  module.define(0, f => write(f, f.local(f32x4.const(0))))
  return WebAssembly.validate(module.encode(1))
}

const hasSimd = (): boolean => validates((f, zero) => f.local(f32x4.add(zero, zero)))
const hasRelaxedSimd = (): boolean => validates((f, zero) => f.local(f32x4.relaxed_madd(zero, zero, zero)))

/** Node 20 has relaxed SIMD behind a flag; from Node 22 on it is there, and setting the flag is an error. */
const enableRelaxedSimd = (): void => setV8Flag('--experimental-wasm-relaxed-simd')

/**
 * Compile a module without the checks of addresses that V8 makes before every access to a memory with 64-bit addresses
 * (32-bit ones need none: what lies around such a memory is guarded). A module of ours stays within its buffers as far as
 * it is right; one that is not would write anywhere. V8 has the flag for measurements, and for the whole process: a module
 * that another thread compiles at the same moment is without checks, too.
 */
export const compileUnchecked = (bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module =>
  withV8Flag('wasm-bounds-checks', false, () => new WebAssembly.Module(bytes))

/**
 * The best target of this host. `vectors`: their width in bits (vectors.ts). Those wider than 128 need a flag that
 * concerns the whole process, so only who asks for them gets them.
 * @throws Error where WebAssembly has no SIMD at all, or no vectors of that width.
 */
export function hostTarget(vectors: VectorWidth = '128'): Target {
  if (!hasSimd())
    throw new Error('wasm device: this host has no WebAssembly SIMD; use Node 20 or a browser from 2021 on')
  if (!hasRelaxedSimd()) enableRelaxedSimd()
  const target = hasRelaxedSimd() ? relaxedTarget : plainTarget
  const { wide, description } = chooseVectors(vectors)
  return { ...target, wide, vectors: description, loadsConstants: v8Version() >= 13 }
}
