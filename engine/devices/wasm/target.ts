import { type FunctionBuilder, f32x4, ModuleBuilder, type V128 } from './assembler.js'

/** What the host's WebAssembly can do: how `a * b + c` is written. */
export type Target = {
  readonly relaxed: boolean
  /** Whether large products are left to a BLAS library (sgemm.ts). */
  readonly sgemm?: boolean
  /** `a * b + c`, rounded once where the host has relaxed SIMD, else twice. */
  madd(a: V128, b: V128, c: V128): V128
  /** `c - a * b`, rounded likewise. */
  nmadd(a: V128, b: V128, c: V128): V128
}

export const plainTarget: Target = {
  relaxed: false,
  madd: (a, b, c) => f32x4.add(f32x4.mul(a, b), c),
  nmadd: (a, b, c) => f32x4.sub(c, f32x4.mul(a, b)),
}

export const relaxedTarget: Target = {
  relaxed: true,
  madd: f32x4.relaxed_madd,
  nmadd: f32x4.relaxed_nmadd,
}

function validates(write: (f: FunctionBuilder, zero: V128) => void): boolean {
  const module = new ModuleBuilder()
  module.define(0, f => write(f, f.local(f32x4.const(0))))
  return WebAssembly.validate(module.encode(1))
}

const hasSimd = (): boolean => validates((f, zero) => f.local(f32x4.add(zero, zero)))
const hasRelaxedSimd = (): boolean => validates((f, zero) => f.local(f32x4.relaxed_madd(zero, zero, zero)))

/** Node 20 has relaxed SIMD behind a flag; from Node 22 on it is there, and setting the flag is an error. */
function enableRelaxedSimd(): void {
  const { process } = globalThis as { process?: NodeJS.Process }
  process?.getBuiltinModule?.('node:v8')?.setFlagsFromString('--experimental-wasm-relaxed-simd')
}

/** The best target of this host. Throws where WebAssembly has no SIMD at all. */
export function hostTarget(): Target {
  if (!hasSimd())
    throw new Error('wasm device: this host has no WebAssembly SIMD; use Node 20 or a browser from 2021 on')
  if (!hasRelaxedSimd()) enableRelaxedSimd()
  return hasRelaxedSimd() ? relaxedTarget : plainTarget
}
