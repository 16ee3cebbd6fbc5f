import { decodeDetector, type SavedDetector } from '../../model/index.js'
import shipped from '../../model/shipped/detector.safetensors?url'

/**
 * A detector of the user's own, or the one that comes with the page.
 * @throws CheckpointError for a file that holds no detector; Error when the page's own cannot be loaded.
 */
export async function loadPageDetector(own?: File): Promise<SavedDetector> {
  if (own) return decodeDetector(new Uint8Array(await own.arrayBuffer()), own.name)
  const response = await fetch(shipped)
  if (!response.ok)
    throw new Error(`the detector that comes with this page cannot be loaded (HTTP ${response.status})`)
  return decodeDetector(new Uint8Array(await response.arrayBuffer()), 'detector.safetensors')
}
