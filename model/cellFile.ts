import { checkString } from '../data/index.js'
import type { Cell } from '../engine/index.js'
import { cellsIn, shippedCell, shippedCells } from './cells.js'
import { CodeFileError, importCodeFile, isCodeFile } from './codeFile.js'
import { SettingsError } from './settingsError.js'

/**
 * The shipped cell of a name, or the one that a JavaScript or TypeScript file exports. The file's code runs, so this is
 * for what users say themselves (a command line, a program), never for what stands in a model or another file: reading a
 * model cannot reach it (.dependency-cruiser.js). In the file, `xenograd` is this package, wherever the file lies.
 * @throws SettingsError when there is no such cell, when the file cannot be run, or when it exports none or several; TypeError for what is
 * no string.
 */
export async function findCell(nameOrFile: string): Promise<Cell> {
  checkString('findCell', 'the name of a cell, or its file', nameOrFile)
  if (isCodeFile(nameOrFile)) return cellOfFile(nameOrFile)
  const cell = await shippedCell(nameOrFile)
  if (cell) return cell
  const names = (await shippedCells()).map(({ name }) => name).join(', ')
  throw new SettingsError(
    setting =>
      `${setting('cell')} ${nameOrFile}: there is no such cell; give ${names}, or a .js or .ts file that exports one`,
  )
}

async function cellOfFile(file: string): Promise<Cell> {
  const module = await importCodeFile(file).catch((cause: unknown) => {
    if (!(cause instanceof CodeFileError)) throw cause
    throw new SettingsError(setting => `${setting('cell')} ${cause.message}`, { cause })
  })
  const cells = cellsIn(module)
  if (cells.length === 1) return cells[0]
  const incomplete = Object.entries(module).flatMap(([name, value]) => {
    const missing = missingOf(value)
    return missing.length ? [` ('${name}' has no ${missing.join(', no ')})`] : []
  })
  throw new SettingsError(
    setting =>
      `${setting('cell')} ${file}: the file exports ${cells.length} cells${incomplete.join('')}; export exactly one (see README, "Write a cell")`,
  )
}

/** What an export with a step lacks to be a cell. */
const missingOf = (value: unknown): string[] =>
  typeof value === 'object' && value !== null && 'step' in value
    ? ['name', 'parameters', 'carry'].filter(part => !(part in value))
    : []
