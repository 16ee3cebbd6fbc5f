import { nodeProcess, readText, setV8Flag } from '../../shared/node.js'
import type { WasmOptions } from '../options.js'

/**
 * Turns on V8's revectoriser. WebAssembly's vectors have 128 bits; where the processor has AVX2, the revectoriser joins
 * two neighbouring operations into one of 256 bits: twice the arithmetic, to the same bits. Of the versions that have it,
 * only those from Node 24 (V8 13) on join the sums of a loop.
 */
const flag = '--experimental-wasm-revectorize'

/** V8's major version, or that of a browser that is built on it; 0 elsewhere. */
export function v8Version(): number {
  const v8 = nodeProcess()?.versions?.v8
  if (v8) return Number.parseInt(v8, 10)
  const chrome = /\bChrome\/(\d+)/.exec(globalThis.navigator?.userAgent ?? '')
  return chrome ? Math.floor(Number(chrome[1]) / 10) : 0
}

/** Why there are no 256-bit vectors on this host; undefined if there are. */
export function noWideVectors(): string | undefined {
  const process = nodeProcess()
  if (!process?.versions?.v8) return 'browsers have no way to ask for them'
  if (v8Version() < 13) return `Node ${process.versions.node} cannot make them: use Node 24 or later`
  if (process.arch !== 'x64') return `V8 makes them on x64, not on ${process.arch}`
  const { variables } = process.config as { variables: Readonly<Record<string, unknown>> }
  if (!variables.v8_enable_wasm_simd256_revec) return 'this build of Node leaves out what makes them'
  // All Macs with x64 processors on which Node 24 runs have AVX2.
  if (process.platform === 'darwin') return undefined
  if (process.platform !== 'linux') return `${process.platform} does not tell whether the processor has AVX2`
  return /^flags\b.*\bavx2\b/m.test(readText('/proc/cpuinfo') ?? '') ? undefined : 'the processor has no AVX2'
}

/** The width in bits that may be asked for; `auto`: the widest of the host. */
export type VectorWidth = NonNullable<WasmOptions['vectors']>

/** The width of vectors that code is emitted for, and how a banner says so. */
export type Vectors = { readonly wide: boolean; readonly description: string }

/**
 * The vectors that were asked for. For 256 bits V8 is told to make them, in the whole process.
 * @throws Error when 256 are asked for and there are none.
 */
export function chooseVectors(asked: VectorWidth): Vectors {
  if (asked === '128') return { wide: false, description: '128-bit vectors' }
  const problem = noWideVectors()
  if (problem === undefined) {
    setV8Flag(flag)
    return { wide: true, description: '256-bit vectors' }
  }
  if (asked === '256')
    throw new Error(`wasm device: no vectors of 256 bits: ${problem}; or ask for 128 or auto`)
  return { wide: false, description: `128-bit vectors (256: ${problem})` }
}
