import { resolve } from 'node:path'
import type { Cell } from '../engine/index.js'
import { cellsOf, shippedCell, shippedCells } from './cells.js'
import { SettingsError } from './settingsError.js'

/**
 * The shipped cell of a name, or the one that a JavaScript file exports. The file's code runs, so this is for what
 * users say themselves (a command line, a program), never for what stands in a model or another file: reading a model
 * cannot reach it (.dependency-cruiser.js).
 * @throws SettingsError when there is no such cell, or when the file exports none or several.
 */
export async function findCell(nameOrFile: string): Promise<Cell> {
  if (/\.[cm]?js$/.test(nameOrFile)) return cellOfFile(nameOrFile)
  const cell = await shippedCell(nameOrFile)
  if (cell) return cell
  const names = (await shippedCells()).map(({ name }) => name).join(', ')
  throw new SettingsError(
    setting =>
      `${setting('cell')} ${nameOrFile}: there is no such cell; give ${names}, or a .js file that exports one`,
  )
}

async function cellOfFile(file: string): Promise<Cell> {
  const cells = await cellsOf(resolve(file))
  if (cells.length === 1) return cells[0]
  throw new SettingsError(
    setting =>
      `${setting('cell')} ${file}: the file exports ${cells.length} cells; export exactly one (see README, "Write a cell")`,
  )
}
