import type { AddressType } from '../memory.js'
import {
  type Code,
  type Constant,
  type I32,
  i32,
  type Local,
  noResult,
  opcode,
  simd,
  typeByte,
  type Usize,
  unsigned,
  usize,
  type Value,
  type ValueType,
  v128,
  value,
} from './instructions.js'

/**
 * Functions and modules of WebAssembly in its binary format (webassembly.github.io/spec/core/binary): `FunctionBuilder`
 * takes statements made of instructions.ts's expressions, `ModuleBuilder` puts functions together.
 */

/** Where memory holds a 32-bit word that code may load; undefined where it does not hold that word. */
export type WordAddress = (word: number) => number | undefined

/** The memory that a module imports: what its code depends on. */
export type ModuleMemory = {
  /** The type of its addresses; i32 if not given. */
  readonly addressType?: AddressType | undefined
  /** Where constants are in it; without it they are in the code. */
  readonly addressOf?: WordAddress | undefined
}

/** The bytes of a rope, appended to `into`. */
function flatten(code: Code, into: number[], memory: ModuleMemory): number[] {
  for (const piece of code) {
    if (typeof piece === 'number') into.push(piece)
    else if (typeof piece === 'function') flatten(piece(memory.addressType ?? 'i32'), into, memory)
    else flatten('words' in piece ? constantCode(piece, memory) : piece, into, memory)
  }
  return into
}

/** A vector of one word comes from memory if it is there. Zeros need no memory: the processor makes them. */
function constantCode({ words }: Constant, { addressOf }: ModuleMemory): Code {
  const [word] = words
  const address = word !== 0 && words.every(w => w === word) ? addressOf?.(word) : undefined
  if (address !== undefined) return v128.load32_splat(usize.const(address)).code
  return [simd(0x0c), [...new Uint8Array(words.buffer)]]
}

/** The body of one function under construction. All its parameters are `usize`; it returns nothing. */
export class FunctionBuilder {
  readonly params: readonly Local<'usize'>[]
  readonly #code: Code[] = []
  readonly #locals: ValueType[] = []

  constructor(params: number) {
    this.params = Array.from({ length: params }, (_, i) => this.#reference('usize', i))
  }

  #reference<T extends ValueType>(type: T, index: number): Local<T> {
    return { ...value(type, opcode.local_get, unsigned(index)), index }
  }

  /** A new local that holds `initial`. */
  local<T extends ValueType>(initial: Value<T>): Local<T> {
    const local = this.#reference(initial.type, this.params.length + this.#locals.length)
    this.#locals.push(initial.type)
    this.set(local, initial)
    return local
  }

  set<T extends ValueType>(local: Local<T>, to: Value<T>): void {
    this.#code.push([to.code, opcode.local_set, unsigned(local.index)])
  }

  /** Add a constant to an address or a count; nothing for 0. */
  advance(local: Local<'usize'>, by: number): void {
    if (by !== 0) this.set(local, usize.plus(local, by))
  }

  /** A statement: code that leaves nothing on the stack. */
  do(statement: Code): void {
    this.#code.push(statement)
  }

  /** Emit `body` in a loop; a constant count of 0 emits nothing, of 1 no loop. */
  repeat(count: number | Usize, body: () => void): void {
    if (count === 1) body()
    else if (typeof count !== 'number') this.when(usize.isNotZero(count), () => this.#loop(count, body))
    else if (count > 0) this.#loop(usize.const(count), body)
  }

  /** Emit `body` in a loop of `count` iterations with a byte index that starts from 0 and grows by `bytes`. */
  range(count: number, bytes: number, body: (index: Usize) => void): void {
    if (count === 1) body(usize.const(0))
    if (count <= 1) return
    const index = this.local(usize.const(0))
    this.do([opcode.loop, noResult])
    body(index)
    this.advance(index, bytes)
    this.#againIf(usize.lt_u(index, usize.const(count * bytes)))
  }

  #loop(count: Usize, body: () => void): void {
    const remaining = this.local(count)
    this.do([opcode.loop, noResult])
    body()
    this.advance(remaining, -1)
    this.#againIf(usize.isNotZero(remaining))
  }

  /** The end of the innermost loop: back to its start if `condition` is not 0. */
  #againIf(condition: I32): void {
    this.do([condition.code, opcode.br_if, 0, opcode.end])
  }

  /** Emit `if (condition) yes else no`. */
  when(condition: I32, yes: () => void, no?: () => void): void {
    this.do([condition.code, opcode.if, noResult])
    yes()
    if (no) {
      this.do([opcode.else])
      no()
    }
    this.do([opcode.end])
  }

  /** Call a function of the module by its index. */
  call(index: number, args: readonly Usize[]): void {
    this.do([args.map(a => a.code), opcode.call, unsigned(index)])
  }

  /** Zero `bytes` bytes: memory.fill. */
  clear(pointer: Usize, bytes: number): void {
    this.do([pointer.code, i32.const(0).code, usize.const(bytes).code, 0xfc, 11, 0])
  }

  /** The function as an entry of the code section. */
  encode(memory: ModuleMemory): number[] {
    const runs: { type: ValueType; count: number }[] = []
    for (const type of this.#locals) {
      const last = runs.at(-1)
      if (last?.type === type) last.count++
      else runs.push({ type, count: 1 })
    }
    // Neighbours of one type are declared together.
    const locals = [unsigned(runs.length), runs.map(r => [unsigned(r.count), typeCode(r.type)])]
    const body = flatten([locals, this.#code, opcode.end], [], memory)
    return [...unsigned(body.length), ...body]
  }
}

/** The byte of the binary format that stands for a type. */
const typeCode = (type: ValueType): Code =>
  type === 'usize' ? [addresses => [typeByte[addresses]]] : [typeByte[type]]

const name = (text: string): Code => {
  const bytes = [...new TextEncoder().encode(text)]
  return [unsigned(bytes.length), bytes]
}

/** How every module begins: `\0asm`, version 1. */
const magicAndVersion = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

/** Numbers of the sections of a module that are used here. */
const sectionId = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const

function section(id: keyof typeof sectionId, content: Code, memory: ModuleMemory): number[] {
  const bytes = flatten(content, [], memory)
  return flatten([sectionId[id], unsigned(bytes.length), bytes], [], memory)
}

/** The byte with which the type of a function begins. */
const functionType = 0x60

/** What is imported or exported. */
const externalKind = { function: 0, memory: 2, global: 3 } as const

/** A function that the host gives, as `env.<name>`; all its parameters are `usize`. */
export type Import = { readonly name: string; readonly params: number }

/**
 * A module under construction. It imports `env.memory` and one mutable global, `env.scratch`: the address of memory that
 * every kernel may scribble on; and the functions `imports`, which have the first indices.
 */
export class ModuleBuilder {
  readonly scratch: Usize = value('usize', opcode.global_get, 0)
  #scratchBytes = 0
  readonly #functions: { params: number; encoded: number[] }[] = []
  readonly #exports: { name: string; index: number }[] = []

  constructor(
    readonly imports: readonly Import[] = [],
    readonly memory: ModuleMemory = {},
  ) {}

  /** Scratch memory that the module's functions use. */
  get scratchBytes(): number {
    return this.#scratchBytes
  }

  /** Say that a function uses so many bytes of scratch memory. */
  needScratch(bytes: number): void {
    this.#scratchBytes = Math.max(this.#scratchBytes, bytes)
  }

  /** Define a function of `params` parameters; returns its index. */
  define(params: number, write: (f: FunctionBuilder) => void): number {
    const f = new FunctionBuilder(params)
    write(f)
    return this.imports.length + this.#functions.push({ params, encoded: f.encode(this.memory) }) - 1
  }

  /** Export a function by its index. */
  export(name: string, index: number): void {
    this.#exports.push({ name, index })
  }

  /** The module's bytes. `maxPages`: that of the memory to import, and whether it is `shared`. */
  encode(maxPages: number, shared = false): Uint8Array<ArrayBuffer> {
    const functions = this.#functions
    // Of each number of parameters there is one type: all are `usize`, and nothing is returned.
    const types = [...new Set([...this.imports, ...functions].map(f => f.params))]
    const typeOf = (f: { params: number }): Code => unsigned(types.indexOf(f.params))
    const signature = (params: number): Code => [
      functionType,
      unsigned(params),
      Array<Code>(params).fill(typeCode('usize')),
      0,
    ]
    // A maximum is always given.
    const flags = 0x01 | (shared ? 0x02 : 0) | (this.memory.addressType === 'i64' ? 0x04 : 0)
    const limits: Code = [flags, 0, unsigned(maxPages)]
    const memory: Code = [name('env'), name('memory'), externalKind.memory, limits]
    const mutable = 0x01
    const scratch: Code = [name('env'), name('scratch'), externalKind.global, typeCode('usize'), mutable]
    const imports = this.imports.map(
      (f): Code => [name('env'), name(f.name), externalKind.function, typeOf(f)],
    )
    const exports = this.#exports.map((e): Code => [name(e.name), externalKind.function, unsigned(e.index)])
    const sectionOf = (id: keyof typeof sectionId, content: Code) => section(id, content, this.memory)
    return new Uint8Array([
      ...magicAndVersion,
      ...sectionOf('type', [unsigned(types.length), types.map(signature)]),
      ...sectionOf('import', [unsigned(2 + imports.length), memory, scratch, imports]),
      ...sectionOf('function', [unsigned(functions.length), functions.map(typeOf)]),
      ...sectionOf('export', [unsigned(exports.length), exports]),
      ...sectionOf('code', [unsigned(functions.length), functions.map(f => f.encoded)]),
    ])
  }
}
