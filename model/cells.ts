import type { Cell } from '../engine/index.js'
import { cellModules } from './cellFolder.js'

const isCell = (x: unknown): x is Cell =>
  typeof x === 'object' && x !== null && 'step' in x && 'parameters' in x && 'carry' in x && 'name' in x

/** The cells among what a module exports, each once. */
export const cellsIn = (module: Readonly<Record<string, unknown>>): Cell[] => [
  ...new Set(Object.values(module).filter(isCell)),
]

/** All cells in model/cells: a file put there is found, nothing else needs to know of it. */
export const shippedCells = async (): Promise<Cell[]> => (await cellModules()).flatMap(cellsIn)

/**
 * The shipped cell of a name; undefined where there is none. This is what names in files are looked up with: whatever
 * the name is, no code runs but that of model/cells.
 */
export const shippedCell = async (name: string): Promise<Cell | undefined> =>
  (await shippedCells()).find(cell => cell.name === name)
