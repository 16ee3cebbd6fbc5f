/**
 * A WebAssembly assembler: modules are written as TypeScript expressions, one function at a time.
 *
 * Values carry their type, so that `f32x4.add(pointer, x)` does not compile. Code is a rope of bytes, flattened once
 * per function; a value used twice is computed twice, so what is used again goes into a local.
 */

export type ValueType = 'i32' | 'v128'
export type Code = readonly (number | Code | Constant)[]
/** Four 32-bit lanes. */
type Constant = { readonly words: Int32Array }
/** The address in memory of a word that is always there; undefined for one that is not. */
export type WordAddress = (word: number) => number | undefined
export type Value<T extends ValueType = ValueType> = { readonly type: T; readonly code: Code }
export type I32 = Value<'i32'>
export type V128 = Value<'v128'>
export type Local<T extends ValueType = ValueType> = Value<T> & { readonly index: number }

const typeByte = { i32: 0x7f, v128: 0x7b }

/** LEB128 of an unsigned integer below 2^32. */
export function unsigned(value: number): number[] {
  const bytes: number[] = []
  do {
    const low = value & 0x7f
    value >>>= 7
    bytes.push(value ? low | 0x80 : low)
  } while (value)
  return bytes
}

/** LEB128 of an int32. */
export function signed(value: number): number[] {
  const bytes: number[] = []
  for (;;) {
    const low = value & 0x7f
    value >>= 7
    if ((value === 0 && !(low & 0x40)) || (value === -1 && low & 0x40)) return [...bytes, low]
    bytes.push(low | 0x80)
  }
}

function flatten(code: Code, into: number[], addressOf?: WordAddress): number[] {
  for (const part of code) {
    if (typeof part === 'number') into.push(part)
    else flatten('words' in part ? constantCode(part, addressOf) : part, into, addressOf)
  }
  return into
}

/** A vector of one word comes from memory if it is there. Zeros need no memory: the processor makes them. */
function constantCode({ words }: Constant, addressOf?: WordAddress): Code {
  const [word] = words
  const address = word !== 0 && words.every(w => w === word) ? addressOf?.(word) : undefined
  if (address !== undefined) return v128.load32_splat(i32.const(address)).code
  return [simd(0x0c), [...new Uint8Array(words.buffer)]]
}

const value = <T extends ValueType>(type: T, ...code: Code): Value<T> => ({ type, code })

// --- i32 -------------------------------------------------------------------------------------------------------------

const i32Binary =
  (opcode: number) =>
  (a: I32, b: I32): I32 =>
    value('i32', a.code, b.code, opcode)

const i32Const = (n: number): I32 => value('i32', 0x41, signed(n | 0))

/** A memory operand: natural alignment is a hint, so 4 bytes are promised for everything. */
function memory(opcode: Code, base: I32, offset: number): Code {
  const address = offset < 0 ? i32.add(base, i32Const(offset)) : base
  return [address.code, opcode, 2, unsigned(Math.max(offset, 0))]
}

/** Address arithmetic and loop counters. `offset` is in bytes and may be negative. */
export const i32 = {
  const: i32Const,
  add: i32Binary(0x6a),
  sub: i32Binary(0x6b),
  mul: i32Binary(0x6c),
  eq: i32Binary(0x46),
  lt_u: i32Binary(0x49),
  select: (condition: I32, yes: I32, no: I32): I32 => value('i32', yes.code, no.code, condition.code, 0x1b),
  load: (base: I32, offset = 0): I32 => value('i32', memory([0x28], base, offset)),
  /** `base + bytes`, without an instruction for 0. */
  plus: (base: I32, bytes: number): I32 => (bytes === 0 ? base : i32.add(base, i32Const(bytes))),
  /** `a * factor`, without an instruction for 1. */
  times: (a: I32, factor: number): I32 => (factor === 1 ? a : i32.mul(a, i32Const(factor))),
}

// --- v128 ------------------------------------------------------------------------------------------------------------

const simd = (opcode: number): Code => [0xfd, unsigned(opcode)]

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
    value('v128', a.code, i32Const(bits).code, simd(opcode))
const load =
  (opcode: number) =>
  (base: I32, offset = 0): V128 =>
    value('v128', memory(simd(opcode), base, offset))

/** A vector constant of four 32-bit lanes. */
const lanes = (words: Int32Array): V128 => value('v128', { words })

export const v128 = {
  load: load(0x00),
  load32_splat: load(0x09),
  load32_zero: load(0x5c),
  load64_zero: load(0x5d),
  /** `vector` with one lane loaded. */
  load32_lane: (vector: V128, lane: number, base: I32, offset = 0): V128 =>
    value('v128', laneMemory(0x56, base, offset, vector, lane)),
  store: (base: I32, offset: number, vector: V128): Code => storeMemory(0x0b, base, offset, vector),
  store32_lane: (base: I32, offset: number, vector: V128, lane: number): Code =>
    laneMemory(0x5a, base, offset, vector, lane),
  store64_lane: (base: I32, offset: number, vector: V128, lane: number): Code =>
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

function storeMemory(opcode: number, base: I32, offset: number, vector: V128): Code {
  const address = i32.plus(base, Math.min(offset, 0))
  return [address.code, vector.code, simd(opcode), 2, unsigned(Math.max(offset, 0))]
}

const laneMemory = (opcode: number, base: I32, offset: number, vector: V128, lane: number): Code => [
  ...storeMemory(opcode, base, offset, vector),
  lane,
]

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

export const i32x4 = {
  const: (n: number): V128 => lanes(new Int32Array(4).fill(n)),
  lanes: (a: number, b: number, c: number, d: number): V128 => lanes(new Int32Array([a, b, c, d])),
  splat: (a: I32): V128 => value('v128', a.code, simd(0x11)),
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

// --- functions and modules -------------------------------------------------------------------------------------------

/** The body of one function under construction. All its parameters are i32; it returns nothing. */
export class FunctionBuilder {
  readonly params: readonly Local<'i32'>[]
  readonly #code: Code[] = []
  readonly #locals: ValueType[] = []

  constructor(params: number) {
    this.params = Array.from({ length: params }, (_, i) => this.#reference('i32', i))
  }

  #reference<T extends ValueType>(type: T, index: number): Local<T> {
    return { ...value(type, 0x20, unsigned(index)), index }
  }

  /** A new local that holds `initial`. */
  local<T extends ValueType>(initial: Value<T>): Local<T> {
    const local = this.#reference(initial.type, this.params.length + this.#locals.length)
    this.#locals.push(initial.type)
    this.set(local, initial)
    return local
  }

  set<T extends ValueType>(local: Local<T>, to: Value<T>): void {
    this.#code.push([to.code, 0x21, unsigned(local.index)])
  }

  /** Add a constant to an i32 local; nothing for 0. */
  advance(local: Local<'i32'>, by: number): void {
    if (by !== 0) this.set(local, i32.plus(local, by))
  }

  /** A statement: code that leaves nothing on the stack. */
  do(statement: Code): void {
    this.#code.push(statement)
  }

  /** Emit `body` in a loop; a constant count of 0 emits nothing, of 1 no loop. */
  repeat(count: number | I32, body: () => void): void {
    if (count === 1) body()
    else if (typeof count !== 'number') this.when(count, () => this.#loop(count, body))
    else if (count > 0) this.#loop(i32.const(count), body)
  }

  /** Emit `body` in a loop of `turns` turns with a byte index that starts from 0 and grows by `bytes`. */
  range(turns: number, bytes: number, body: (index: I32) => void): void {
    if (turns === 1) body(i32.const(0))
    if (turns <= 1) return
    const index = this.local(i32.const(0))
    this.do([0x03, 0x40])
    body(index)
    this.advance(index, bytes)
    this.do([i32.lt_u(index, i32.const(turns * bytes)).code, 0x0d, 0, 0x0b])
  }

  #loop(count: I32, body: () => void): void {
    const left = this.local(count)
    this.do([0x03, 0x40])
    body()
    this.advance(left, -1)
    this.do([left.code, 0x0d, 0, 0x0b])
  }

  /** Emit `if (condition) yes else no`. */
  when(condition: I32, yes: () => void, no?: () => void): void {
    this.do([condition.code, 0x04, 0x40])
    yes()
    if (no) {
      this.do([0x05])
      no()
    }
    this.do([0x0b])
  }

  call(index: number, args: readonly I32[]): void {
    this.do([args.map(a => a.code), 0x10, unsigned(index)])
  }

  /** Zero `bytes` bytes. */
  clear(pointer: I32, bytes: number): void {
    this.do([pointer.code, i32.const(0).code, i32.const(bytes).code, 0xfc, 0x0b, 0x00])
  }

  /** The function as an entry of the code section; `addressOf`: where constants lie in memory. */
  encode(addressOf?: WordAddress): number[] {
    const runs: { type: ValueType; count: number }[] = []
    for (const type of this.#locals) {
      const last = runs.at(-1)
      if (last?.type === type) last.count++
      else runs.push({ type, count: 1 })
    }
    const locals = [unsigned(runs.length), runs.map(r => [unsigned(r.count), typeByte[r.type]])]
    const body = flatten([locals, this.#code, 0x0b], [], addressOf)
    return [...unsigned(body.length), ...body]
  }
}

const name = (text: string): Code => {
  const bytes = [...new TextEncoder().encode(text)]
  return [unsigned(bytes.length), bytes]
}

function section(id: number, content: Code): number[] {
  const bytes = flatten(content, [])
  return flatten([id, unsigned(bytes.length), bytes], [])
}

/** A function that the host gives, as `env.<name>`; all its parameters are i32. */
export type Import = { readonly name: string; readonly params: number }

/**
 * A module under construction. It imports `env.memory` and one mutable i32 global, `env.scratch`: the address of
 * memory that every kernel may scribble on; and the functions `imports`, which have the first indices.
 */
export class ModuleBuilder {
  readonly scratch: I32 = value('i32', 0x23, 0)
  #scratchBytes = 0
  readonly #functions: { params: number; encoded: number[] }[] = []
  readonly #exports: { name: string; index: number }[] = []

  constructor(
    readonly imports: readonly Import[] = [],
    readonly addressOf?: WordAddress,
  ) {}

  /** Scratch memory that the module's functions use. */
  get scratchBytes(): number {
    return this.#scratchBytes
  }

  needScratch(bytes: number): void {
    this.#scratchBytes = Math.max(this.#scratchBytes, bytes)
  }

  /** Define a function of `params` i32 parameters; returns its index. */
  define(params: number, write: (f: FunctionBuilder) => void): number {
    const f = new FunctionBuilder(params)
    write(f)
    return this.imports.length + this.#functions.push({ params, encoded: f.encode(this.addressOf) }) - 1
  }

  export(name: string, index: number): void {
    this.#exports.push({ name, index })
  }

  /** The module's bytes. `maxPages`: that of the memory to import, and whether it is `shared`. */
  encode(maxPages: number, shared = false): Uint8Array<ArrayBuffer> {
    const functions = this.#functions
    const types = [...new Set([...this.imports, ...functions].map(f => f.params))]
    const typeOf = (f: { params: number }): Code => unsigned(types.indexOf(f.params))
    const signature = (params: number): Code => [0x60, unsigned(params), Array(params).fill(typeByte.i32), 0]
    const memory: Code = [name('env'), name('memory'), 0x02, shared ? 0x03 : 0x01, 0, unsigned(maxPages)]
    const scratch: Code = [name('env'), name('scratch'), 0x03, typeByte.i32, 0x01]
    const imports = this.imports.map((f): Code => [name('env'), name(f.name), 0x00, typeOf(f)])
    return new Uint8Array([
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, [unsigned(types.length), types.map(signature)]),
      ...section(2, [unsigned(2 + this.imports.length), memory, scratch, imports]),
      ...section(3, [unsigned(functions.length), functions.map(typeOf)]),
      ...section(7, [
        unsigned(this.#exports.length),
        this.#exports.map(e => [name(e.name), 0x00, unsigned(e.index)]),
      ]),
      ...section(10, [unsigned(functions.length), functions.map(f => f.encoded)]),
    ])
  }
}
