/**
 * A whole detector: networks, fitted scores, and the calibration of what they give. One file holds it
 * (`detectorFile`): the networks' parameters are its tensors `foreground.…`, `background.…`, `genus.NAME.…` and
 * `classifier.…`, the calibration scores those of `calibration.SCORE.LENGTH`; what belongs to them stands as JSON in its
 * metadata. A generative network whose parameters are all numbers of 16 bits (`halved`) is written as such.
 */

import { parseJson } from '../data/index.js'
import type { Cell } from '../engine/index.js'
import { Calibration } from '../eval/index.js'
import type { StoredScore } from '../eval/scores/index.js'
import {
  CheckpointError,
  decodeSafetensors,
  narrowToHalves,
  type StoredTensor,
  type StoredTensors,
  tensorOf,
} from './checkpoint/index.js'
import { checkComparable } from './comparable.js'
import { type DetectorFile, detectorContents, readDetectorFile, writeDetectorFile } from './detectorFile.js'
import { halved, modelOf, parametersOf, parseDescription, type SavedModel } from './saved/index.js'
import type { StoredClassifier } from './storedClassifier.js'

/** What a detector's p-values rest on. */
export type SavedCalibration = {
  /** Of each score, by its name in tables (`llr`). */
  readonly scores: ReadonlyMap<string, Calibration>
  /** Whether fragments were scored on both strands; p-values hold for fragments that are scored in the same way. */
  readonly bothStrands: boolean
  /** Where the fragments are from. */
  readonly source: string
}

/** A detector as it is in a file: models, fitted scores, calibration. */
export type SavedDetector = {
  /** The file, or the model, that it is read from. */
  readonly path: string
  readonly foreground?: SavedModel
  readonly background?: SavedModel
  /** A network for each genus, by its name, trained on its genomes alone. */
  readonly genera?: ReadonlyMap<string, SavedModel>
  /** What scores of classifiers among `scores` are of. */
  readonly classifier?: StoredClassifier
  readonly scores: readonly StoredScore[]
  readonly calibration?: SavedCalibration
  /** Notes, such as `genera` (separated by commas) and `description`. */
  readonly metadata: Readonly<Record<string, string>>
}

const networks = ['foreground', 'background'] as const

/** All generative networks of a detector. */
export const networksOf = ({ foreground, background, genera }: SavedDetector): SavedModel[] =>
  [foreground, background, ...(genera?.values() ?? [])].filter(model => model !== undefined)

/** What the names of the classifier's tensors begin with. */
const classifierPrefix = 'classifier.'

/** The header of the calibration in the metadata. */
type CalibrationHeader = {
  readonly lengths: Readonly<Record<string, readonly number[]>>
  readonly bothStrands: boolean
  readonly source: string
}

/**
 * Reads a detector file. `cell`: the cell of its networks, if it is one of the user's own.
 * @throws CheckpointError for a missing, foreign or damaged file, and as `loadModel` for its networks.
 */
export const loadDetector = async (path: string, cell?: Cell): Promise<SavedDetector> =>
  detectorOf(path, await readDetectorFile(path), cell)

/**
 * The same from the bytes of such a file, where there are no paths, as in a page; `name` is what errors call them.
 * @throws CheckpointError as `loadDetector`.
 */
export const decodeDetector = async (bytes: Uint8Array, name: string, cell?: Cell): Promise<SavedDetector> =>
  detectorOf(name, detectorContents(name, decodeSafetensors(bytes, name)), cell)

/**
 * The detector that two models are, or one alone, without anything fitted or calibrated.
 * @throws CheckpointError for models that were trained on fragments of different lengths.
 */
export function detectorOfModels(foreground: SavedModel, background?: SavedModel): SavedDetector {
  if (background) checkComparable(foreground, background)
  return {
    path: foreground.path,
    foreground,
    ...(background && { background }),
    scores: [],
    metadata: {},
  }
}

async function detectorOf(
  path: string,
  { scores, tensors, metadata }: DetectorFile,
  cell: Cell | undefined,
): Promise<SavedDetector> {
  const { foreground, background, genusNetworks, classifier, calibration, ...notes } = metadata
  const network = async (name: string, header: Readonly<Record<string, string>>): Promise<SavedModel> => {
    const contents = { tensors: withoutPrefix(tensors, `${name}.`), metadata: header }
    return { ...(await modelOf(path, contents, cell)), path: `${path} (${name})` }
  }
  const loaded: { -readonly [N in (typeof networks)[number]]?: SavedModel } = {}
  for (const name of networks) {
    const header = { foreground, background }[name]
    if (header !== undefined) loaded[name] = await network(name, parseObject(path, name, header, isText))
  }
  const genera = new Map<string, SavedModel>()
  if (genusNetworks !== undefined)
    for (const [genus, header] of Object.entries(parseObject(path, 'genusNetworks', genusNetworks, areTexts)))
      genera.set(genus, await network(genusPrefix(genus), header))
  return {
    path,
    ...loaded,
    ...(genera.size > 0 && { genera }),
    ...(classifier !== undefined && {
      classifier: {
        description: parseDescription(path, classifier),
        tensors: withoutPrefix(tensors, classifierPrefix),
      },
    }),
    scores,
    ...(calibration !== undefined && { calibration: loadCalibration(path, calibration, tensors) }),
    metadata: notes,
  }
}

/**
 * Writes a detector to one file, whole or not at all.
 * @throws CheckpointError for a genus with a dot in its name, which would part the names of tensors; CheckpointError as `writeDetectorFile`; Error when the file cannot be written.
 */
export async function saveDetector(path: string, detector: Omit<SavedDetector, 'path'>): Promise<void> {
  const tensors = new Map<string, StoredTensor>()
  const metadata: Record<string, string> = { ...detector.metadata }
  /** Adds a network's tensors; what belongs to them is returned. */
  async function add(name: string, model: SavedModel): Promise<Readonly<Record<string, string>>> {
    const contents = parametersOf(model)
    const parameters = new Map<string, StoredTensor>()
    for (const [tensor, { dtype, shape, data }] of contents.tensors)
      parameters.set(tensor, { dtype, shape, data: await data() } as StoredTensor)
    for (const [tensor, stored] of narrowToHalves(parameters)) tensors.set(`${name}.${tensor}`, stored)
    return contents.metadata
  }
  for (const name of networks) {
    const model = detector[name]
    if (model !== undefined) metadata[name] = JSON.stringify(await add(name, model))
  }
  if (detector.genera) {
    const headers: [string, Readonly<Record<string, string>>][] = []
    for (const [genus, model] of detector.genera) {
      if (genus.includes('.'))
        throw new CheckpointError(path, `genus ${genus}: a network's genus cannot have a dot in its name`)
      headers.push([genus, await add(genusPrefix(genus), model)])
    }
    metadata.genusNetworks = JSON.stringify(Object.fromEntries(headers))
  }
  if (detector.classifier) {
    const { description, tensors: parameters } = detector.classifier
    for (const [name, t] of parameters) tensors.set(`${classifierPrefix}${name}`, t)
    metadata.classifier = JSON.stringify(description)
  }
  if (detector.calibration) {
    const { scores, bothStrands, source } = detector.calibration
    const lengths: Record<string, readonly number[]> = {}
    for (const [score, calibration] of scores) {
      lengths[score] = calibration.lengths
      for (const [i, length] of calibration.lengths.entries())
        tensors.set(
          calibrationName(score, length),
          tensorOf(calibration.scores[i], [calibration.scores[i].length]),
        )
    }
    metadata.calibration = JSON.stringify({ lengths, bothStrands, source } satisfies CalibrationHeader)
  }
  const file: DetectorFile = { scores: detector.scores, tensors, metadata }
  await writeDetectorFile(path, file)
}

/** The detector with the parameters of its generative networks rounded to numbers of 16 bits. @throws CheckpointError as `halved`. */
export async function halvedDetector(detector: SavedDetector): Promise<SavedDetector> {
  const { foreground, background, genera = [] } = detector
  const rounded = new Map<string, SavedModel>()
  for (const [genus, model] of genera) rounded.set(genus, await halved(model))
  return {
    ...detector,
    ...(foreground && { foreground: await halved(foreground) }),
    ...(background && { background: await halved(background) }),
    ...(rounded.size > 0 && { genera: rounded }),
  }
}

const genusPrefix = (genus: string): string => `genus.${genus}`

const calibrationName = (score: string, length: number): string => `calibration.${score}.${length}`

function loadCalibration(path: string, header: string, tensors: StoredTensors): SavedCalibration {
  const { lengths, bothStrands, source } = parseObject(path, 'calibration', header, isCalibrationHeader)
  const scores = new Map(
    Object.entries(lengths).map(([score, ofScore]) => {
      const calibrated = ofScore.map(length => {
        const name = calibrationName(score, length)
        const tensor = tensors.get(name)
        if (tensor?.dtype !== 'F64') throw new CheckpointError(path, `tensor ${name} (F64) is missing`)
        return { length, scores: tensor.data }
      })
      try {
        return [score, new Calibration(calibrated)] as const
      } catch (cause) {
        throw new CheckpointError(path, `${score}: ${(cause as Error).message}`, { cause })
      }
    }),
  )
  return { scores, bothStrands, source }
}

/** The tensors whose names begin with `prefix`, by the rest of their names. */
const withoutPrefix = (tensors: StoredTensors, prefix: string): Map<string, StoredTensor> =>
  new Map(
    [...tensors].flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : [],
    ),
  )

/** An object that stands as JSON in the metadata. @throws CheckpointError when it is none, or not of the form. */
function parseObject<T>(
  path: string,
  key: string,
  text: string,
  isForm: (value: object) => value is T & object,
): T {
  let value: unknown
  try {
    value = parseJson(text)
  } catch (cause) {
    throw new CheckpointError(
      path,
      `metadata '${key}' is ${(cause as Error).message} (the file is damaged)`,
      { cause },
    )
  }
  if (typeof value !== 'object' || value === null || !isForm(value))
    throw new CheckpointError(path, `metadata '${key}' is not what this program writes (the file is damaged)`)
  return value
}

const isText = (value: object): value is Record<string, string> =>
  Object.values(value).every(text => typeof text === 'string')

const areTexts = (value: object): value is Record<string, Record<string, string>> =>
  Object.values(value).every(header => typeof header === 'object' && header !== null && isText(header))

function isCalibrationHeader(value: object): value is CalibrationHeader {
  const { lengths, bothStrands, source } = value as Record<string, unknown>
  return (
    typeof lengths === 'object' &&
    lengths !== null &&
    Object.values(lengths).every(ofScore => Array.isArray(ofScore) && ofScore.every(Number.isInteger)) &&
    typeof bothStrands === 'boolean' &&
    typeof source === 'string'
  )
}
