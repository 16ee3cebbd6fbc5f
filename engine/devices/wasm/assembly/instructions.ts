import type { AddressType } from '../memory.js'

/**
 * The instructions of WebAssembly that kernels are made of, as typed expressions: `f32x4.add(pointer, x)` does not
 * compile.
 *
 * The code of a value is a rope of bytes, flattened once per function (assembler.ts). A value used twice is computed
 * twice, so what is used again goes into a local.
 */

/**
 * The types that kernels compute in. `usize`: addresses, and what is counted to reach them, in an integer as wide as the
 * memory's addresses are: i32, or i64 where memory has 64-bit addresses. `i32`: conditions.
 */
export type ValueType = 'i32' | 'usize' | 'v128'
/** A rope of bytes, in which vector constants, and code that differs between types of addresses, are not encoded yet. */
export type Code = readonly (number | Code | Constant | Addressing)[]
/** Four 32-bit lanes. */
export type Constant = { readonly words: Int32Array }
/** The code for a type of addresses. */
export type Addressing = (type: AddressType) => Code
/** An expression of a type: the code that leaves its value on the stack. */
export type Value<T extends ValueType = ValueType> = { readonly type: T; readonly code: Code }
export type I32 = Value<'i32'>
export type Usize = Value<'usize'>
export type V128 = Value<'v128'>
/** A local variable of a function. */
export type Local<T extends ValueType = ValueType> = Value<T> & { readonly index: number }

/** The byte of the binary format that stands for a type. */
export const typeByte = { i32: 0x7f, i64: 0x7e, v128: 0x7b }

/** Opcodes of control and variables: what statements are made of, and what reads a variable. */
export const opcode = {
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br_if: 0x0d,
  call: 0x10,
  local_get: 0x20,
  local_set: 0x21,
  global_get: 0x23,
} as const

/** The type of a `loop` or an `if` that leaves nothing on the stack. */
export const noResult = 0x40

/** LEB128 of an unsigned integer below 2^53. */
export function unsigned(value: number): number[] {
  const bytes: number[] = []
  do {
    const low = value % 128
    value = Math.floor(value / 128)
    bytes.push(value ? low | 0x80 : low)
  } while (value)
  return bytes
}

/** LEB128 of an integer, of less than 53 bits and its sign. */
function signed(value: number): number[] {
  const bytes: number[] = []
  for (;;) {
    const rest = Math.floor(value / 128)
    const low = value - 128 * rest
    value = rest
    if ((value === 0 && !(low & 0x40)) || (value === -1 && low & 0x40)) return [...bytes, low]
    bytes.push(low | 0x80)
  }
}

/** A value of the type that `code` leaves on the stack. */
export const value = <T extends ValueType>(type: T, ...code: Code): Value<T> => ({ type, code })

// --- i32 and usize ---------------------------------------------------------------------------------------------------

/** One opcode or another, by the type of addresses. */
const byAddress =
  (i32: Code, i64: Code): Addressing =>
  type =>
    type === 'i64' ? i64 : i32

const arithmetic = (i32: number, i64: number) => {
  const code = byAddress([i32], [i64])
  return (a: Usize, b: Usize): Usize => value('usize', a.code, b.code, code)
}

const comparison = (i32: number, i64: number) => {
  const code = byAddress([i32], [i64])
  return (a: Usize, b: Usize): I32 => value('i32', a.code, b.code, code)
}

export const i32 = { const: (n: number): I32 => value('i32', 0x41, signed(n | 0)) }

const usizeConst = (n: number): Usize =>
  value('usize', type => (type === 'i64' ? [0x42, signed(n)] : i32.const(n).code))

/** i32.load, or i64.load32_u. */
const loadWord = byAddress([0x28], [0x35])
/** Nothing, or i32.wrap_i64. */
const wrap = byAddress([], [0xa7])

/** The address that an instruction takes from the stack: the offset in its code cannot be negative. */
const address = (base: Usize, offset: number): Code => usize.plus(base, Math.min(offset, 0)).code

/** The alignment that loads and stores promise, as a power of two: 4 bytes for everything, as it is only a hint. */
const alignment = 2

/** The offset in the code of an instruction. */
const offsetCode = (offset: number): Code => unsigned(Math.max(offset, 0))

/** Load from `base + offset` bytes. */
const loadMemory = (opcode: Code, base: Usize, offset: number): Code => [
  address(base, offset),
  opcode,
  alignment,
  offsetCode(offset),
]

/** Address arithmetic and loop counters. `offset` is in bytes and may be negative. */
export const usize = {
  const: usizeConst,
  add: arithmetic(0x6a, 0x7c),
  sub: arithmetic(0x6b, 0x7d),
  mul: arithmetic(0x6c, 0x7e),
  eq: comparison(0x46, 0x51),
  lt_u: comparison(0x49, 0x54),
  select: (condition: I32, yes: Usize, no: Usize): Usize =>
    value('usize', yes.code, no.code, condition.code, 0x1b),
  /** A 32-bit word of memory, without a sign. */
  load: (base: Usize, offset = 0): Usize => value('usize', loadMemory([loadWord], base, offset)),
  /** `base + bytes`, without an instruction for 0. */
  plus: (base: Usize, bytes: number): Usize => (bytes === 0 ? base : usize.add(base, usizeConst(bytes))),
  /** `a * factor`, without an instruction for 1. */
  times: (a: Usize, factor: number): Usize => (factor === 1 ? a : usize.mul(a, usizeConst(factor))),
  /** Whether a count below 2^32 is not 0. */
  isNotZero: (count: Usize): I32 => value('i32', count.code, wrap),
}

// --- v128 ------------------------------------------------------------------------------------------------------------

/** The encoding of a SIMD opcode. */
export const simd = (opcode: number): Code => [0xfd, unsigned(opcode)]

const unary =
  (opcode: number) =>
  (a: V128): V128 =>
    value('v128', a.code, simd(opcode))
const binary =
  (opcode: number) =>
  (a: V128, b: V128): V128 =>
    value('v128', a.code, b.code, simd(opcode))
const ternary =
  (opcode: number) =>
  (a: V128, b: V128, c: V128): V128 =>
    value('v128', a.code, b.code, c.code, simd(opcode))
const shift =
  (opcode: number) =>
  (a: V128, bits: number): V128 =>
    value('v128', a.code, i32.const(bits).code, simd(opcode))
const load =
  (opcode: number) =>
  (base: Usize, offset = 0): V128 =>
    value('v128', loadMemory(simd(opcode), base, offset))

/** A vector constant of four 32-bit lanes. */
const lanes = (words: Int32Array): V128 => value('v128', { words })

/** Vectors whatever their lanes are: loads, stores, bits and shuffles. `offset` is in bytes and may be negative. */
export const v128 = {
  load: load(0x00),
  load32_splat: load(0x09),
  load32_zero: load(0x5c),
  load64_zero: load(0x5d),
  /** `vector` with one lane loaded. */
  load32_lane: (vector: V128, lane: number, base: Usize, offset = 0): V128 =>
    value('v128', laneMemory(0x56, base, offset, vector, lane)),
  store: (base: Usize, offset: number, vector: V128): Code => storeMemory(0x0b, base, offset, vector),
  store32_lane: (base: Usize, offset: number, vector: V128, lane: number): Code =>
    laneMemory(0x5a, base, offset, vector, lane),
  store64_lane: (base: Usize, offset: number, vector: V128, lane: number): Code =>
    laneMemory(0x5b, base, offset, vector, lane),
  and: binary(0x4e),
  /** `a & ~b` */
  andnot: binary(0x4f),
  or: binary(0x50),
  xor: binary(0x51),
  /** Bits of `yes` where the mask is 1, else of `no`. */
  bitselect: (yes: V128, no: V128, mask: V128): V128 => ternary(0x52)(yes, no, mask),
  /** Four 32-bit lanes picked from the eight of `a` and `b`. */
  shuffle: (a: V128, b: V128, picks: readonly number[]): V128 =>
    value(
      'v128',
      a.code,
      b.code,
      simd(0x0d),
      picks.flatMap(p => [4 * p, 4 * p + 1, 4 * p + 2, 4 * p + 3]),
    ),
}

/** Store a vector to `base + offset` bytes. */
const storeMemory = (opcode: number, base: Usize, offset: number, vector: V128): Code => [
  address(base, offset),
  vector.code,
  simd(opcode),
  alignment,
  offsetCode(offset),
]

/** Load or store one lane of a vector. */
const laneMemory = (opcode: number, base: Usize, offset: number, vector: V128, lane: number): Code => [
  ...storeMemory(opcode, base, offset, vector),
  lane,
]

/** Four float32 lanes. */
export const f32x4 = {
  const: (x: number): V128 => lanes(new Int32Array(new Float32Array(4).fill(x).buffer)),
  eq: binary(0x41),
  ne: binary(0x42),
  lt: binary(0x43),
  gt: binary(0x44),
  le: binary(0x45),
  floor: unary(0x68),
  abs: unary(0xe0),
  neg: unary(0xe1),
  sqrt: unary(0xe3),
  add: binary(0xe4),
  sub: binary(0xe5),
  mul: binary(0xe6),
  div: binary(0xe7),
  /** NaN if either is NaN: about eight machine instructions; `pmin` is one. */
  min: binary(0xe8),
  max: binary(0xe9),
  /** `b < a ? b : a`, so a NaN in `a` stays. */
  pmin: binary(0xea),
  /** `a < b ? b : a`, so a NaN in `a` stays. */
  pmax: binary(0xeb),
  convert_i32x4: unary(0xfa),
  relaxed_madd: ternary(0x105),
  relaxed_nmadd: ternary(0x106),
}

/** Four int32 lanes; comparisons give masks of all ones or zeros. */
export const i32x4 = {
  const: (n: number): V128 => lanes(new Int32Array(4).fill(n)),
  lanes: (a: number, b: number, c: number, d: number): V128 => lanes(new Int32Array([a, b, c, d])),
  eq: binary(0x37),
  ne: binary(0x38),
  lt: binary(0x39),
  le: binary(0x3d),
  abs: unary(0xa0),
  neg: unary(0xa1),
  shl: shift(0xab),
  shr_s: shift(0xac),
  shr_u: shift(0xad),
  add: binary(0xae),
  sub: binary(0xb1),
  mul: binary(0xb5),
  min: binary(0xb6),
  max: binary(0xb8),
  /** Truncates and saturates; NaN gives 0. */
  trunc_sat_f32x4: unary(0xf8),
}
