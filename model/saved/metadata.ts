import type { Cell } from '../../engine/index.js'
import { shippedCell, shippedCells } from '../cells.js'
import { CheckpointError } from '../checkpoint/index.js'
import type { ModelOptions } from '../generative.js'
import { SettingsError } from '../settingsError.js'

/** What the metadata of a file of a generative model have as `format`. */
export const formatName = 'xenograd-1'

/** What a file says of its model, beside other metadata. */
export const metadataOf = (
  { cell, hidden, embedding = false }: ModelOptions,
  metadata: Readonly<Record<string, string>>,
): Record<string, string> => ({
  ...metadata,
  format: formatName,
  cell: cell.name,
  hidden: String(hidden),
  embedding: String(embedding),
})

/**
 * Cell and sizes, as the metadata of a file say. `cell`: the cell that the model must be of, if it is one of the user's own.
 * @throws CheckpointError for metadata of no model; SettingsError for a cell that is not shipped, or another one than `cell`.
 */
export async function optionsOf(
  path: string,
  metadata: Readonly<Record<string, string>>,
  cell: Cell | undefined,
): Promise<ModelOptions> {
  const { format, hidden = '', embedding, step } = metadata
  const fail = (problem: string): never => {
    throw new CheckpointError(path, problem)
  }
  if (format !== formatName)
    fail(
      `a safetensors file, but no generative model of this program: its metadata has ${shown('format', format)}, wanted '${formatName}'`,
    )
  if (!/^[1-9]\d{0,6}$/.test(hidden))
    fail(`its metadata has ${shown('hidden', metadata.hidden)}, wanted a whole number`)
  if (embedding !== 'true' && embedding !== 'false')
    fail(`its metadata has ${shown('embedding', embedding)}, wanted true or false`)
  if (step !== undefined && !/^-?\d{1,15}$/.test(step))
    fail(`its metadata has ${shown('step', step)}, wanted a whole number`)
  return {
    cell: await cellOf(path, metadata.cell, cell),
    hidden: Number(hidden),
    embedding: embedding === 'true',
  }
}

/** The cell that a file names, which must be `given` if there is one. */
async function cellOf(path: string, name: string | undefined, given: Cell | undefined): Promise<Cell> {
  if (name === undefined || !/^[\w.-]{1,100}$/.test(name))
    throw new CheckpointError(
      path,
      `its metadata has ${shown('cell', name)}, which is no name of a cell: the file is damaged, or foreign`,
    )
  if (given !== undefined && given.name !== name)
    throw new SettingsError(
      setting =>
        `${path}: a model of the cell '${name}', but ${setting('cell')} gives the cell '${given.name}'; give the one that it was trained with`,
    )
  const cell = given ?? (await shippedCell(name))
  if (cell) return cell
  const names = (await shippedCells()).map(({ name }) => name).join(', ')
  throw new SettingsError(
    setting =>
      `${path}: a model of the cell '${name}', which does not come with Xenograd (${names} do); if it is one of your own, give the .js or .ts file that exports it as ${setting('cell')}, else the file is damaged`,
  )
}

/** A field of the metadata as messages show it. */
const shown = (field: string, value: string | undefined): string =>
  value === undefined ? `no ${field}` : `${field} '${value.slice(0, 60)}'`
