import { Option } from 'commander'
import { type Cell, leaves } from '../engine/index.js'
import {
  detectorOfModels,
  findCell,
  isDetectorFile,
  loadDetector,
  loadModel,
  type SavedDetector,
  type SavedModel,
  type StoredClassifier,
  shippedDetector,
} from '../model/index.js'
import { UsageError } from './failure.js'

/** How a model is named on the command line. */
type ModelFlags = {
  readonly foreground: string
  readonly background?: string | undefined
  /** A .js file with the cell of both, if it is one of the user's own. */
  readonly cell?: string | undefined
  /** The checkpoint of this step in run directories; the newest if undefined. */
  readonly step?: number | undefined
}

/** `--cell`: the code of a cell runs where the command line names it, and nowhere else. */
export const cellOption = (): Option =>
  new Option(
    '--cell <file>',
    'the .js or .ts file of the cell that the model is made of, if it is one of your own',
  )

/** The cell of `--cell`. @throws SettingsError as `findCell`. */
export const givenCell = async (file: string | undefined): Promise<Cell | undefined> =>
  file === undefined ? undefined : findCell(file)

/** Loads the models of the command line. @throws CheckpointError as `loadModel` and `detectorOfModels`. */
async function loadModels({ foreground, background, cell: file, step }: ModelFlags): Promise<SavedDetector> {
  const cell = await givenCell(file)
  return detectorOfModels(
    await loadModel(foreground, cell, step),
    background === undefined ? undefined : await loadModel(background, cell, step),
  )
}

/**
 * The detector of the command line: a detector's file, one or two models, or the detector that comes with the package if
 * nothing is named.
 * @throws CheckpointError as `loadModel` and `loadDetector`; UsageError for a background model beside a detector's file.
 */
export async function loadChosenDetector(
  flags: Omit<ModelFlags, 'foreground'> & { readonly foreground?: string | undefined },
): Promise<SavedDetector> {
  const { foreground = shippedDetector(), background, cell: file } = flags
  if (await isDetectorFile(foreground)) {
    if (background !== undefined)
      throw new UsageError(`${foreground} is a whole detector; --background goes with a single model`)
    return loadDetector(foreground, file === undefined ? undefined : await findCell(file))
  }
  return { ...(await loadModels({ ...flags, foreground })), path: foreground }
}

/** How many numbers a model has learned. */
const parameterCount = ({ state }: SavedModel): number =>
  leaves(state.parameters).reduce((sum, t) => sum + t.size, 0)

/** What a model is, by names. */
export const modelSummary = async (model: SavedModel) => ({
  path: model.path,
  cell: model.options.cell.name,
  hidden: model.options.hidden,
  embedding: model.options.embedding ?? false,
  parameters: parameterCount(model),
  updates: await model.state.updates.item(),
})

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

/** A classifier in a line. */
export const describeClassifier = ({ description }: StoredClassifier): string => {
  const { motifs, motifLength, hidden, classNames, length } = description
  return `of ${classNames.join(', ')}: ${motifs} motifs of ${motifLength} bases, ${hidden} hidden units, windows of ${length} bases`
}

/** What a detector is, in lines: its networks, its fitted scores, what it knows and how it was made. */
export function describeDetector(detector: SavedDetector): string[] {
  const {
    path,
    foreground,
    background,
    genera: networks,
    classifier,
    scores,
    calibration,
    metadata,
  } = detector
  const { genera, description } = metadata
  return [
    ...(foreground ? [`foreground ${describeModel(foreground)}`] : []),
    ...(background ? [`background ${describeModel(background)}`] : []),
    ...(networks ? [`a network for each of ${[...networks.keys()].join(', ')}`] : []),
    ...(classifier ? [`classifier ${describeClassifier(classifier)}`] : []),
    ...(scores.length ? [`scores ${scores.map(({ name, kind }) => `${name} (${kind})`).join(', ')}`] : []),
    ...(genera ? [`${path} knows ${genera.split(',').length} genera: ${genera.replace(/,\s*/g, ', ')}`] : []),
    ...(description ? [description] : []),
    ...(calibration ? [`calibrated with ${calibration.source}`] : []),
  ]
}
