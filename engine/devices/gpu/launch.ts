import { bufferAt, byteAt, iterations } from '../../kernel/loop.js'
import type { BuiltPass, Compiled } from './compiler.js'
import type { GpuJsKernel } from './gpujs.js'
import type { Extent, Location, Read } from './passes/pass.js'
import type { Workspace } from './workspace.js'

/**
 * What a launch asks of the GPU: a compiled kernel bound to its arguments, as commands in order. A loop becomes the
 * commands of every iteration. `B` stands for the buffers of a back end, `K` for its kernels.
 */
export type Command<K extends GpuJsKernel, B> = Copy<B> | Dispatch<K, B>

/** An argument of a launch: it starts `byte` bytes into a buffer. */
export type Argument<B> = { readonly buffer: B; readonly byte: number }

/** `bytes` bytes from buffer to buffer. */
export type Copy<B> = {
  readonly kind: 'copy'
  readonly from: B
  readonly fromByte: number
  readonly to: B
  readonly toByte: number
  readonly bytes: number
}

/** One pass over its buffers. */
export type Dispatch<K extends GpuJsKernel, B> = {
  readonly kind: 'dispatch'
  readonly pass: BuiltPass<K>
  /** The buffer of each of the pass's slots. */
  readonly buffers: readonly B[]
  /** The elements of their buffers at which reads, then writes begin. */
  readonly bases: readonly number[]
  /** A copy of what the pass adds to, if it cannot read that from where it writes. */
  readonly initial: Argument<B> | undefined
}

/**
 * The commands of a launch. Memory for temporaries and copies comes from the workspace. `inPlace`: whether a pass can
 * read what it writes through the array that it writes.
 */
export function commandsOf<K extends GpuJsKernel, B>(
  workspace: Workspace<B>,
  compiled: Compiled<K>,
  args: readonly Argument<B>[],
  inPlace: boolean,
): Command<K, B>[] {
  if (compiled.kind === 'passes') return commandsOfPasses(workspace, compiled, args, inPlace)
  const { loop, body } = compiled
  const commands: Command<K, B>[] = []
  for (const iteration of iterations(loop))
    loop.body.forEach(({ args: loopArgs }, i) => {
      const iterationArgs = loopArgs.map(arg => {
        const { buffer, byte } = args[bufferAt(arg, iteration)]
        return { buffer, byte: byte + byteAt(arg, iteration) }
      })
      for (const command of commandsOf(workspace, body[i], iterationArgs, inPlace)) commands.push(command)
    })
  return commands
}

/** Copies of what the passes would read too late, then the passes. */
function commandsOfPasses<K extends GpuJsKernel, B>(
  workspace: Workspace<B>,
  { passes, temporaries }: Extract<Compiled<K>, { kind: 'passes' }>,
  args: readonly Argument<B>[],
  inPlace: boolean,
): Command<K, B>[] {
  const memoryAt = (location: Location): Argument<B> =>
    'arg' in location
      ? args[location.arg]
      : {
          buffer: workspace.take(`temp ${location.temporary}`, temporaries[location.temporary]),
          byte: 0,
        }
  const written = new Set(
    passes.flatMap(({ writes }) => writes.map(({ location }) => memoryAt(location).buffer)),
  )
  const readsOfWritten = passes.flatMap(pass =>
    pass.reads.filter(read => !isInPlace(read, pass) && written.has(memoryAt(read.location).buffer)),
  )
  const addedTo = passes.flatMap(({ writes }) =>
    writes.flatMap(({ location, initial }) => (initial ? [{ location, ...initial }] : [])),
  )
  const overwritten: Region[] = inPlace ? readsOfWritten : [...readsOfWritten, ...addedTo]
  const { copies, copyOf } = snapshot(workspace, overwritten, memoryAt)
  const dispatches = passes.map((pass): Dispatch<K, B> => {
    const operands = [
      ...pass.reads.map(read => ({
        slot: read.slot,
        ...((isInPlace(read, pass) ? undefined : copyOf(read)) ?? memoryAt(read.location)),
      })),
      ...pass.writes.map(({ slot, location }) => ({ slot, ...memoryAt(location) })),
    ]
    const [{ location, initial }] = pass.writes
    return {
      kind: 'dispatch',
      pass,
      buffers: pass.slots.map(slot => operands.find(operand => operand.slot === slot)!.buffer),
      bases: operands.map(({ byte }) => byte / 4),
      initial: initial && copyOf({ location, ...initial }),
    }
  })
  return [...copies, ...dispatches]
}

/** Whether a pass reads this through the array that it writes. */
const isInPlace = (read: Read, { writes }: BuiltPass<GpuJsKernel>): boolean =>
  writes.some(({ slot }) => slot === read.slot)

/** Elements of an argument or a temporary. */
type Region = Extent & { readonly location: Location }

const keyOf = ({ location, first, length }: Region): string =>
  'arg' in location ? `${location.arg} ${first} ${length}` : 'temporary'

/**
 * Copies of what a launch reads from buffers that it writes. GPUs let no buffer be read and written in one dispatch, and
 * a later pass must still see what an earlier one writes over. `copyOf`: where a copy lies, as if it began at the
 * argument's first element; undefined for what is not copied. Temporaries never are.
 */
function snapshot<B>(
  workspace: Workspace<B>,
  overwritten: readonly Region[],
  memoryAt: (location: Location) => Argument<B>,
): { copies: Copy<B>[]; copyOf: (region: Region) => Argument<B> | undefined } {
  const inArguments = overwritten.filter(({ location }) => 'arg' in location)
  const regions = new Map(inArguments.map(region => [keyOf(region), region]))
  const total = [...regions.values()].reduce((sum, { length }) => sum + length, 0)
  const copied = new Map<string, Argument<B>>()
  const copies: Copy<B>[] = []
  const copyOf = (region: Region) => copied.get(keyOf(region))
  if (!regions.size) return { copies, copyOf }
  const to = workspace.take('snapshot', 4 * total)
  let toByte = 0
  for (const [key, { location, first, length }] of regions) {
    const { buffer: from, byte } = memoryAt(location)
    const bytes = 4 * length
    if (bytes) copies.push({ kind: 'copy', from, fromByte: byte + 4 * first, to, toByte, bytes })
    copied.set(key, { buffer: to, byte: toByte - 4 * first })
    toByte += bytes
  }
  return { copies, copyOf }
}
