import type { Command } from 'commander'
import { printable } from '../../data/index.js'
import { entries } from '../../engine/index.js'
import { isDetectorFile, loadDetector, loadModel, type SavedDetector } from '../../model/index.js'
import { cellOption, describeClassifier, describeModel, givenCell, parameterCount } from '../models.js'

/** `xenograd info`: what a model file holds. */
export function register(program: Command): void {
  program
    .command('info')
    .description('what a model or a detector is: cells, sizes, scores, calibration, notes')
    .argument('<model>', 'safetensors file, detector, run directory, or prefix of a TensorFlow checkpoint')
    .addOption(cellOption())
    .action(async (path: string, flags: { cell?: string }) => {
      if (await isDetectorFile(path)) return showDetector(await loadDetector(path))
      const model = await loadModel(path, await givenCell(flags.cell))
      const { options, state, metadata } = model
      const properties = {
        path: model.path,
        cell: options.cell.name,
        hidden: options.hidden,
        embedding: options.embedding ?? false,
        parameters: parameterCount(model),
        updates: await state.updates.item(),
      }
      const tensors = entries(state.parameters).map(([name, t]) => [
        `tensor ${name}`,
        `${t.dtype} [${t.shape.join(', ')}]`,
      ])
      const notes = Object.entries(metadata).filter(([name]) => !(name in properties))
      for (const [name, value] of [...Object.entries(properties), ...notes, ...tensors])
        process.stdout.write(`${printable(name)}\t${printable(String(value))}\n`)
    })
}

/** A detector's networks, scores, calibrations and notes, a line each. */
function showDetector(detector: SavedDetector): void {
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
  const lines = [
    ['path', path],
    ...Object.entries({ foreground, background }).flatMap(([name, model]) =>
      model ? [[name, describeModel(model)]] : [],
    ),
    ...Array.from(networks, ([genus, model]) => [`network of ${genus}`, describeModel(model)]),
    ...(classifier ? [['classifier', describeClassifier(classifier)]] : []),
    ...scores.map(({ name, kind, settings }) => [`score ${name}`, `${kind} ${JSON.stringify(settings)}`]),
    ...[...(calibration?.scores ?? [])].map(([name, { lengths, scores: ofLength }]) => [
      `calibration ${name}`,
      lengths.map((length, i) => `${length} bases: ${ofLength[i].length}`).join(', '),
    ]),
    ...(calibration
      ? [
          ['calibrated with', calibration.source],
          ['both strands', String(calibration.bothStrands)],
        ]
      : []),
    ...Object.entries(metadata),
  ]
  for (const [name, value] of lines) process.stdout.write(`${name}\t${value}\n`)
}
