import {
  decodeDetector,
  decodeModel,
  detectorOfModels,
  isDetector,
  type SavedDetector,
} from '../../model/index.js'
import shipped from '../../model/shipped/detector.safetensors?url'

/** Files of the user's own: a detector, or one or two models. */
export type OwnModels = { readonly foreground: File; readonly background?: File }

const bytesOf = async (file: File): Promise<Uint8Array> => new Uint8Array(await file.arrayBuffer())

/**
 * A detector of the user's own, or the one that comes with the page.
 * @throws CheckpointError for files that hold neither a detector nor models that go together; Error when the page's own
 * cannot be loaded.
 */
export async function loadPageDetector(own?: OwnModels): Promise<SavedDetector> {
  if (own) return loadOwn(own)
  const response = await fetch(shipped)
  if (!response.ok)
    throw new Error(`the detector that comes with this page cannot be loaded (HTTP ${response.status})`)
  return decodeDetector(new Uint8Array(await response.arrayBuffer()), 'detector.safetensors')
}

async function loadOwn({ foreground, background }: OwnModels): Promise<SavedDetector> {
  const bytes = await bytesOf(foreground)
  if (!isDetector(bytes))
    return detectorOfModels(
      await decodeModel(bytes, foreground.name),
      background && (await decodeModel(await bytesOf(background), background.name)),
    )
  if (background)
    throw new Error(
      `${foreground.name} is a whole detector; a background model goes with a single model: choose one of both`,
    )
  return decodeDetector(bytes, foreground.name)
}
