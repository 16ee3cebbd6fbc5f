import { environment } from '../../environment.js'
import { nodeModule, nodeProcess, readText, realPath } from '../../shared/node.js'
import type { Target } from '../assembly/target.js'
import { Blas } from '../matmul/blas.js'
import { type ProductKind, productKinds } from '../matmul/productKind.js'
import { hostCores } from '../threads/cores.js'
import { blasCalibrations, type Calibration, keepCalibration } from './cache.js'
import { compareProducts } from './measure.js'

/**
 * Which products BLAS computes, where the choice is left to the device. measure.ts compares it with WebAssembly on a
 * product of each kind; cache.ts keeps that in the user's cache folder, so that it is measured once for a processor, a
 * library and the versions of Node and Xenograd. This file decides.
 */

export { blasCalibrationFile, blasCalibrations, clearBlasCalibrations } from './cache.js'

/** BLAS is to take at most so much of WebAssembly's time: for less, results are not to differ from machine to machine. */
const worthIt = 0.97

/** The kinds of products that are faster by BLAS. */
export const fasterByBlas = (calibration: Calibration): ProductKind[] =>
  productKinds.filter(kind => calibration[kind].blas <= worthIt * calibration[kind].webAssembly)

/**
 * The library that is found, for those kinds of products that it computes faster here than WebAssembly. That is looked up,
 * or measured: half a second, once.
 */
export function calibratedBlas(target: Target): Blas {
  const library = Blas.choose('on')
  if (library.path === undefined) return library
  const key = measuredWith(target, library.path)
  const known = blasCalibrations()[key]
  if (known) return library.only(fasterByBlas(known))
  try {
    const calibration = measured(target, library)
    keepCalibration(key, calibration)
    return library.only(fasterByBlas(calibration))
  } catch (error) {
    // A library that was found but cannot be loaded.
    return Blas.none((error as Error).message)
  }
}

function measured(target: Target, library: Blas): Calibration {
  const compared = productKinds.map(kind => [kind, compareProducts(target, library, kind)] as const)
  return Object.fromEntries(compared) as Calibration
}

/** Everything that a measurement depends on, in words. */
function measuredWith({ vectors, relaxed }: Target, path: string): string {
  const [os, fs, process] = [nodeModule('node:os'), nodeModule('node:fs'), nodeProcess()]
  const file = realPath(path)
  const { size, mtimeMs } = fs?.statSync(file, { throwIfNoEntry: false }) ?? {}
  const flags = /^flags\s*:(.*)$/m.exec(readText('/proc/cpuinfo') ?? '')?.[1].split(' ') ?? []
  const kernels = environment('OPENBLAS_CORETYPE')
  return [
    `xenograd ${packageVersion()}`,
    `node ${process?.versions?.node}`,
    `${os?.cpus()[0]?.model.trim() ?? ''} ${process?.arch} (${['avx2', 'fma', 'avx512f'].filter(name => flags.includes(name)).join(' ')})`,
    `${hostCores()} cores`,
    `${/^\d+-bit vectors/.exec(vectors)?.[0] ?? vectors}${relaxed ? '' : ' without fused multiply-add'}`,
    `${file} (${size} bytes of ${mtimeMs === undefined ? 'unknown time' : new Date(mtimeMs).toISOString()})`,
    ...(kernels === undefined ? [] : [`kernels ${kernels}`]),
  ].join(', ')
}

/** The version in the package's package.json. */
function packageVersion(): string {
  const require = nodeModule('node:module')?.createRequire(import.meta.url)
  const { version } = (require?.('../../../../../package.json') ?? {}) as { version?: string }
  return version ?? 'of unknown version'
}
