import { entries, mapTree, tensor } from '../../engine/index.js'
import { CheckpointError, fromHalves, greatestHalf, toHalves } from '../checkpoint/index.js'
import type { SavedModel } from './savedModel.js'

/**
 * The model with its parameters rounded to numbers of 16 bits, which a detector's file then holds as such, at half the
 * size. They stay float32 tensors.
 * @throws CheckpointError for a parameter beyond the greatest such number.
 */
export async function halved(model: SavedModel): Promise<SavedModel> {
  const rounded = new Map<string, Float32Array>()
  for (const [name, t] of entries(model.state.parameters)) {
    const values = Float32Array.from(await t.data(), Number)
    const greatest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    if (greatest > greatestHalf)
      throw new CheckpointError(
        model.path,
        `tensor ${name}: ${greatest} does not fit 16 bits (${greatestHalf} at most); keep its 32`,
      )
    rounded.set(name, fromHalves(toHalves(values)))
  }
  const parameters = mapTree(model.state.parameters, (t, name) =>
    tensor(rounded.get(name)!, { shape: t.shape }),
  )
  return { ...model, state: { ...model.state, parameters } }
}
