import { readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Cell } from '../engine/index.js'
import { SettingsError } from './settingsError.js'

const folder = fileURLToPath(new URL('./cells/', import.meta.url))

const isCell = (x: unknown): x is Cell =>
  typeof x === 'object' && x !== null && 'step' in x && 'parameters' in x && 'carry' in x && 'name' in x

/** The cells that a module exports. */
async function cellsOf(path: string): Promise<Cell[]> {
  const module: Record<string, unknown> = await import(pathToFileURL(path).href)
  return Object.values(module).filter(isCell)
}

/** All cells in model/cells: a file put there is found, nothing else needs to know of it. */
export async function shippedCells(): Promise<Cell[]> {
  const files = (await readdir(folder)).filter(name => name.endsWith('.js')).sort()
  const cells = await Promise.all(files.map(name => cellsOf(folder + name)))
  return cells.flat()
}

/**
 * The cell of a name, or the one that a JavaScript file exports.
 * @throws SettingsError when there is no such cell, or when the file exports none or several.
 */
export async function findCell(nameOrFile: string): Promise<Cell> {
  if (/\.[cm]?js$/.test(nameOrFile)) return cellOfFile(nameOrFile)
  const cells = await shippedCells()
  const cell = cells.find(({ name }) => name === nameOrFile)
  if (cell) return cell
  const names = cells.map(({ name }) => name).join(', ')
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
