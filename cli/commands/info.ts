import type { Command } from 'commander'
import { printable } from '../../data/index.js'
import { entries } from '../../engine/index.js'
import { loadModel } from '../../model/index.js'
import { parameterCount } from '../models.js'

/** `xenograd info`: what a model file holds. */
export function register(program: Command): void {
  program
    .command('info')
    .description('what a model is: cell, sizes, updates, notes')
    .argument('<model>', 'safetensors file, run directory, or prefix of a TensorFlow checkpoint')
    .action(async (path: string) => {
      const model = await loadModel(path)
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
