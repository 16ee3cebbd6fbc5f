import type { Command } from 'commander'
import { printable } from '../../data/index.js'
import { entries } from '../../engine/index.js'
import {
  isDetectorFile,
  loadDetector,
  loadModel,
  type SavedDetector,
  type SavedModel,
} from '../../model/index.js'
import { cellOption, describeClassifier, describeModel, givenCell, modelSummary } from '../models.js'
import { scalar, table } from '../schema.js'
import { print, type SummaryFlags, summarised } from '../summary.js'

const summary = { model: table(scalar('a fact'), 'facts by their names, as they are printed') }

/** `xenograd info`: what a model file holds. */
export function register(program: Command): void {
  const command = program
    .command('info')
    .description('what a model or a detector is: cells, sizes, scores, calibration, notes')
    .argument('<model>', 'safetensors file, detector, run directory, or prefix of a TensorFlow checkpoint')
    .addOption(cellOption())
  summarised(command, summary, async (path: string, flags: SummaryFlags & { cell?: string }) => {
    const facts = (await isDetectorFile(path))
      ? detectorFacts(await loadDetector(path))
      : await modelFacts(await loadModel(path, await givenCell(flags.cell)))
    print(flags, facts.map(([name, value]) => `${printable(name)}\t${printable(String(value))}\n`).join(''))
    return { model: Object.fromEntries(facts) }
  })
}

/** What is known of a model or a detector, in the order in which it is shown. */
type Facts = readonly (readonly [name: string, value: string | number | boolean])[]

/** A model's sizes, notes and tensors. */
async function modelFacts(model: SavedModel): Promise<Facts> {
  const properties = await modelSummary(model)
  const notes = Object.entries(model.metadata).filter(([name]) => !(name in properties))
  const tensors = entries(model.state.parameters).map(
    ([name, t]) => [`tensor ${name}`, `${t.dtype} [${t.shape.join(', ')}]`] as const,
  )
  return [...Object.entries(properties), ...notes, ...tensors]
}

/** A detector's networks, scores, calibrations and notes. */
function detectorFacts(detector: SavedDetector): Facts {
  const {
    path,
    foreground,
    background,
    genera: networks = [],
    classifier,
    scores,
    calibration,
    metadata,
  } = detector
  const models = Object.entries({ foreground, background }).flatMap(([name, model]) =>
    model ? [fact(name, describeModel(model))] : [],
  )
  return [
    fact('path', path),
    ...models,
    ...Array.from(networks, ([genus, model]) => fact(`network of ${genus}`, describeModel(model))),
    ...(classifier ? [fact('classifier', describeClassifier(classifier))] : []),
    ...scores.map(({ name, kind, settings }) => fact(`score ${name}`, `${kind} ${JSON.stringify(settings)}`)),
    ...Array.from(calibration?.scores ?? [], ([name, { lengths, scores: ofLength }]) =>
      fact(
        `calibration ${name}`,
        lengths.map((length, i) => `${length} bases: ${ofLength[i].length}`).join(', '),
      ),
    ),
    ...(calibration
      ? [fact('calibrated with', calibration.source), fact('both strands', String(calibration.bothStrands))]
      : []),
    ...Object.entries(metadata),
  ]
}

const fact = (name: string, value: string): Facts[number] => [name, value]
