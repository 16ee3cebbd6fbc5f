import { nodeModule } from '../threads/host.js'

/**
 * WebAssembly's vectors have 128 bits. V8's revectoriser makes one operation of 256 bits of two neighbours, where the
 * processor has AVX2: twice the arithmetic, to the same bits. It is behind a flag; that of Node 24 (V8 13) and later pairs
 * the sums of a loop, too, which the one of Node 22 does not.
 */
const flag = '--experimental-wasm-revectorize'

type Host = { readonly process?: NodeJS.Process }
type NodeFs = typeof import('node:fs')

/** V8's major version, or that of a browser that is built on it; 0 elsewhere. */
export function v8Version(): number {
  const { process } = globalThis as Host
  if (process?.versions?.v8) return Number.parseInt(process.versions.v8, 10)
  const chrome = /\bChrome\/(\d+)/.exec(globalThis.navigator?.userAgent ?? '')
  return chrome ? Math.floor(Number(chrome[1]) / 10) : 0
}

/** Why there are no 256-bit vectors on this host; undefined if there are. */
export function noWideVectors(): string | undefined {
  const { process } = globalThis as Host
  if (!process?.versions?.v8) return 'browsers have no way to ask for them'
  if (v8Version() < 13) return `Node ${process.versions.node} cannot make them: use Node 24 or later`
  if (process.arch !== 'x64') return `V8 makes them on x64, not on ${process.arch}`
  const { variables } = process.config as { variables: Readonly<Record<string, unknown>> }
  if (!variables.v8_enable_wasm_simd256_revec) return 'this build of Node leaves out what makes them'
  // All Macs with x64 processors on which Node 24 runs have AVX2.
  if (process.platform === 'darwin') return undefined
  if (process.platform !== 'linux') return `${process.platform} does not tell whether the processor has AVX2`
  const processors = nodeModule<NodeFs>('node:fs')?.readFileSync('/proc/cpuinfo', 'latin1') ?? ''
  return /^flags\b.*\bavx2\b/m.test(processors) ? undefined : 'the processor has no AVX2'
}

/** The width of vectors that code is emitted for, and how a banner says so. */
export type Vectors = { readonly wide: boolean; readonly description: string }

/**
 * The vectors that were asked for: '128', '256', or 'auto' for the widest of the host. For 256 bits V8 is told to make
 * them, in the whole process.
 * @throws Error for another word, or for 256 where there are none.
 */
export function chooseVectors(asked: string): Vectors {
  if (!['auto', '128', '256'].includes(asked))
    throw new RangeError(`wasm device: vectors of '${asked}' bits; give 128, 256 or auto`)
  if (asked === '128') return { wide: false, description: '128-bit vectors' }
  const problem = noWideVectors()
  if (problem === undefined) {
    nodeModule<typeof import('node:v8')>('node:v8')?.setFlagsFromString(flag)
    return { wide: true, description: '256-bit vectors' }
  }
  if (asked === '256')
    throw new Error(`wasm device: no vectors of 256 bits: ${problem}; or ask for 128 or auto`)
  return { wide: false, description: `128-bit vectors (256: ${problem})` }
}
