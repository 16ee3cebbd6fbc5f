import { environment } from '../../environment.js'
import { nodeModule, nodeProcess, readText } from '../../shared/node.js'
import { type ProductKind, productKinds } from '../matmul/productKind.js'
import type { Comparison } from './measure.js'

/** What was measured, by kind of product. */
export type Calibration = Readonly<Record<ProductKind, Comparison>>

/** What a file of calibrations holds: each by what it was measured with, in words. */
export type Calibrations = Readonly<Record<string, Calibration>>

/** Calibrations that are kept. */
const most = 50

/** The folder in which the user's programs keep what they can make anew, as the system has it. */
function cacheFolder(): string | undefined {
  const os = nodeModule('node:os')
  const configured = environment('XDG_CACHE_HOME')
  if (configured !== undefined || !os) return configured
  switch (os.platform()) {
    case 'win32':
      return environment('LOCALAPPDATA')
    case 'darwin':
      return `${os.homedir()}/Library/Caches`
    default:
      return `${os.homedir()}/.cache`
  }
}

/** The file of calibrations; undefined in a browser. */
export function blasCalibrationFile(): string | undefined {
  const folder = nodeProcess() && cacheFolder()
  return folder === undefined ? undefined : `${folder}/xenograd/blas.json`
}

const isComparison = (value: unknown): value is Comparison => {
  const { webAssembly, blas } = (value ?? {}) as Partial<Comparison>
  return [webAssembly, blas].every(us => typeof us === 'number' && us > 0)
}

const isCalibration = (value: unknown): value is Calibration =>
  productKinds.every(kind => isComparison((value as Partial<Calibration> | null)?.[kind]))

/** The calibrations that are kept; none where there is no such file, or it is damaged. */
export function blasCalibrations(): Calibrations {
  const file = blasCalibrationFile()
  try {
    const content: unknown = JSON.parse((file && readText(file)) ?? '{}')
    return Object.fromEntries(Object.entries(content ?? {}).filter(([, value]) => isCalibration(value)))
  } catch {
    return {}
  }
}

/** Keep a calibration, where that is possible; without it, it is measured anew by the next process. */
export function keepCalibration(key: string, calibration: Calibration): void {
  const [fs, path, file] = [nodeModule('node:fs'), nodeModule('node:path'), blasCalibrationFile()]
  if (!fs || !path || file === undefined) return
  const { [key]: _, ...others } = blasCalibrations()
  const entries = [...Object.entries(others), [key, calibration]].slice(-most)
  // Under another name first, so that nobody reads half of it.
  const temporary = `${file}.${nodeProcess()?.pid}`
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(temporary, `${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n`)
    fs.renameSync(temporary, file)
  } catch {
    // A folder that cannot be written.
  }
}

/** Forget all calibrations. @throws Error where the file cannot be removed. */
export function clearBlasCalibrations(): void {
  const file = blasCalibrationFile()
  if (file !== undefined) nodeModule('node:fs')?.rmSync(file, { force: true })
}
