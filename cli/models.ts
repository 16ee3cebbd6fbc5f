import { Option } from 'commander'
import { type Cell, leaves } from '../engine/index.js'
import { findCell, loadModel, type SavedModel } from '../model/index.js'

/** What the detector is made of. */
export type Models = { readonly foreground: SavedModel; readonly background?: SavedModel }

/** How a model is named on the command line. */
export type ModelFlags = {
  readonly foreground: string
  readonly background?: string | undefined
  /** A .js file with the cell of both, if it is one of the user's own. */
  readonly cell?: string | undefined
  /** The checkpoint of this step in run directories; the newest if undefined. */
  readonly step?: number | undefined
}

/** `--cell`: the code of a cell runs where the command line names it, and nowhere else. */
export const cellOption = (): Option =>
  new Option('--cell <file>', 'the .js file of the cell that the model is made of, if it is one of your own')

/** The cell of `--cell`. @throws SettingsError as `findCell`. */
export const givenCell = async (file: string | undefined): Promise<Cell | undefined> =>
  file === undefined ? undefined : findCell(file)

/** Loads the models of the command line. @throws CheckpointError as `loadModel`. */
export async function loadModels({ foreground, background, cell: file, step }: ModelFlags): Promise<Models> {
  const cell = await givenCell(file)
  return {
    foreground: await loadModel(foreground, cell, step),
    ...(background !== undefined && { background: await loadModel(background, cell, step) }),
  }
}

/** How many numbers a model has learned. */
export const parameterCount = ({ state }: SavedModel): number =>
  leaves(state.parameters).reduce((sum, t) => sum + t.size, 0)

/** A model in a line: `model_900.ckpt: lstm, hidden 30, 4204 parameters, step 900`. */
export function describeModel(model: SavedModel): string {
  const { path, options, metadata } = model
  const parts = [
    options.cell.name,
    `hidden ${options.hidden}`,
    ...(options.embedding ? ['embedding'] : []),
    `${parameterCount(model)} parameters`,
    ...(metadata.step === undefined ? [] : [`step ${metadata.step}`]),
  ]
  return `${path}: ${parts.join(', ')}`
}
