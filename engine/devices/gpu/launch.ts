import type { BuiltPass, Compiled } from './compiler.js'
import type { GpuJsKernel } from './gpujs.js'
import type { Extent, Place, Read } from './passes/pass.js'

/** An argument of a launch: it starts `byte` bytes into a buffer. `B`: buffers of the back end. */
export type Argument<B> = { readonly buffer: B; readonly byte: number }

export type Copy<B> = {
  readonly kind: 'copy'
  readonly from: B
  readonly fromByte: number
  readonly to: B
  readonly toByte: number
  readonly bytes: number
}

export type Dispatch<K extends GpuJsKernel, B> = {
  readonly kind: 'dispatch'
  readonly pass: BuiltPass<K>
  /** The buffer of each of the pass's slots. */
  readonly buffers: readonly B[]
  /** The elements at which reads, then writes begin. */
  readonly bases: readonly number[]
  /** Where to read what the pass's only write begins with, if the pass reads it and cannot from there. */
  readonly before: Argument<B> | undefined
}

export type Command<K extends GpuJsKernel, B> = Copy<B> | Dispatch<K, B>

/** @throws Error when a buffer is larger than the adapter's may be. */
export function checkBytes(bytes: number, most: number): void {
  if (bytes > most)
    throw new Error(`gpu device: a buffer of ${bytes} bytes; this adapter's buffers have at most ${most}`)
}

/** Memory that launches use one after the other: `take` gives a buffer of at least so many bytes for a purpose. */
export class Workspace<B> {
  readonly #buffers = new Map<string, B>()

  constructor(
    readonly create: (bytes: number) => B,
    readonly release: (buffer: B) => void,
  ) {}

  take(purpose: string, bytes: number): B {
    // In powers of two, and none is given up before the end: recordings refer to them.
    const size = 2 ** Math.max(8, Math.ceil(Math.log2(bytes)))
    const key = `${purpose} ${size}`
    const buffer = this.#buffers.get(key) ?? this.create(size)
    this.#buffers.set(key, buffer)
    return buffer
  }

  destroy(): void {
    for (const buffer of this.#buffers.values()) this.release(buffer)
    this.#buffers.clear()
  }
}

/** Launches that are ready to be enqueued, by the ids of their buffers. `release`: what to do with one given up. */
export class Recordings<R> {
  readonly #kept = new Map<string, R>()

  constructor(readonly release: (recording: R) => void = () => {}) {}

  get(key: string): R | undefined {
    return this.#kept.get(key)
  }

  /** Keep one, and give up the oldest of many: a compiled function's results alternate between one or two buffers. */
  set(key: string, recording: R): void {
    this.#kept.set(key, recording)
    for (const [oldest, old] of this.#kept) {
      if (this.#kept.size <= 4) break
      this.#kept.delete(oldest)
      this.release(old)
    }
  }
}

/**
 * What a compiled kernel comes to: every pass of every turn, in order. `inPlace`: whether a pass can read what it writes
 * through the array that it writes.
 */
export function commandsOf<K extends GpuJsKernel, B>(
  workspace: Workspace<B>,
  compiled: Compiled<K>,
  args: readonly Argument<B>[],
  inPlace: boolean,
): Command<K, B>[] {
  if (compiled.kind === 'passes') return commandsOfPasses(workspace, compiled, args, inPlace)
  const { steps, reverse, body } = compiled.loop
  const commands: Command<K, B>[] = []
  for (let turn = 0; turn < steps; turn++) {
    const t = reverse ? steps - 1 - turn : turn
    body.forEach(({ args: inner }, i) => {
      const here = inner.map(({ even, odd, offset, stride }) => {
        const { buffer, byte } = args[turn % 2 === 0 ? even : odd]
        return { buffer, byte: byte + offset + t * stride }
      })
      for (const command of commandsOf(workspace, compiled.body[i], here, inPlace)) commands.push(command)
    })
  }
  return commands
}

function commandsOfPasses<K extends GpuJsKernel, B>(
  workspace: Workspace<B>,
  { passes, temps }: Extract<Compiled<K>, { kind: 'passes' }>,
  args: readonly Argument<B>[],
  inPlace: boolean,
): Command<K, B>[] {
  const at = (place: Place): Argument<B> =>
    'arg' in place
      ? args[place.arg]
      : { buffer: workspace.take(`temp ${place.temp}`, temps[place.temp]), byte: 0 }
  const written = new Set(passes.flatMap(({ writes }) => writes.map(({ place }) => at(place).buffer)))
  const needed = passes.flatMap(pass => [
    ...pass.reads.filter(read => !isInPlace(read, pass) && written.has(at(read.place).buffer)),
    ...(inPlace ? [] : pass.writes.flatMap(({ place, before }) => (before ? [{ place, ...before }] : []))),
  ])
  const { copies, found } = snapshot(workspace, needed, at)
  const dispatches = passes.map((pass): Dispatch<K, B> => {
    const uses = [...pass.reads, ...pass.writes].map(use => ({
      slot: use.slot,
      ...(('first' in use && !isInPlace(use, pass) && found.get(keyOf(use))) || at(use.place)),
    }))
    const [{ place, before }] = pass.writes
    return {
      kind: 'dispatch',
      pass,
      buffers: pass.slots.map(slot => uses.find(use => use.slot === slot)!.buffer),
      bases: uses.map(({ byte }) => byte / 4),
      before: before && found.get(keyOf({ place, ...before })),
    }
  })
  return [...copies, ...dispatches]
}

/** Whether a pass reads this through the array that it writes. */
const isInPlace = (read: Read, { writes }: BuiltPass<GpuJsKernel>): boolean =>
  writes.some(({ slot }) => slot === read.slot)

/** Elements that a pass reads. */
type Part = Extent & { readonly place: Place }

const keyOf = ({ place, first, length }: Part): string =>
  'arg' in place ? `${place.arg} ${first} ${length}` : 'temporary'

/**
 * GPUs let no buffer be read and written in one dispatch, and a later pass must still see what an earlier one writes
 * over. So of arguments that are in buffers which the launch writes, copies are read.
 */
function snapshot<B>(
  workspace: Workspace<B>,
  needed: readonly Part[],
  at: (place: Place) => Argument<B>,
): { copies: Copy<B>[]; found: ReadonlyMap<string, Argument<B>> } {
  const parts = new Map(needed.filter(({ place }) => 'arg' in place).map(part => [keyOf(part), part]))
  const total = [...parts.values()].reduce((sum, { length }) => sum + length, 0)
  const found = new Map<string, Argument<B>>()
  const copies: Copy<B>[] = []
  if (!parts.size) return { copies, found }
  const to = workspace.take('snapshot', 4 * total)
  let toByte = 0
  for (const [key, { place, first, length }] of parts) {
    const { buffer: from, byte } = at(place)
    const bytes = 4 * length
    if (bytes) copies.push({ kind: 'copy', from, fromByte: byte + 4 * first, to, toByte, bytes })
    found.set(key, { buffer: to, byte: toByte - 4 * first })
    toByte += bytes
  }
  return { copies, found }
}
