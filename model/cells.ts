import { readdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Cell } from '../engine/index.js'

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
 * @throws Error when there is no such cell, or when the file exports none or several.
 */
export async function findCell(nameOrFile: string): Promise<Cell> {
  if (/\.[cm]?js$/.test(nameOrFile)) {
    const cells = await cellsOf(resolve(nameOrFile))
    if (cells.length !== 1)
      throw new Error(
        `--cell ${nameOrFile}: the file exports ${cells.length} cells; export exactly one (see README, "Your own cell")`,
      )
    return cells[0]
  }
  const cells = await shippedCells()
  const found = cells.find(cell => cell.name === nameOrFile)
  if (!found)
    throw new Error(
      `--cell ${nameOrFile}: there is no such cell; give ${cells.map(c => c.name).join(', ')}, or a .js file that exports one`,
    )
  return found
}
