import { notify } from '../ui/notices.js'
import { keepInAddress } from '../ui/route.js'
import { store, stored } from '../ui/storage.js'
import { pack, unpack } from './packed.js'
import { parametersOf, type Settings, settingsOf } from './settings.js'
import { starterNamed, starterOf } from './starters.js'

/** A cell and how it is trained: all that a link has. */
export type Experiment = { readonly text: string; readonly settings: Settings }

/** An experiment to begin with. */
export type Opened = {
  readonly experiment: Experiment
  /** Whether the text may run: it comes with the page, or was run by the reader before. */
  readonly isTrusted: boolean
}

/** Where the last experiment is kept, so that whoever comes back finds it. */
const last = 'playground'

/**
 * The experiment of an address; the last one for an address without any. The text of a link is somebody's code, and is not
 * trusted. What is damaged is told, and the built-in LSTM is there instead.
 */
export async function openExperiment(query: string): Promise<Opened> {
  const remembered = query === '' ? stored(last) : undefined
  const parameters = new URLSearchParams(remembered ?? query)
  const settings = settingsOf(parameters)
  const packed = parameters.get('text')
  if (packed !== null)
    try {
      return {
        experiment: { text: await unpack(packed), settings },
        isTrusted: remembered !== undefined,
      }
    } catch (error) {
      notify('error', error instanceof Error ? error.message : String(error))
    }
  return { experiment: { text: starterNamed(parameters.get('cell')).text, settings }, isTrusted: true }
}

/**
 * Has the address say an experiment, and, where it is trusted, the next visit begin with it; nothing, where the experiment
 * is no longer the `isLatest` by the time that its text is packed.
 */
export async function keepExperiment(
  { text, settings }: Experiment,
  isTrusted: boolean,
  isLatest: () => boolean,
): Promise<void> {
  const starter = starterOf(text)
  const cell: Record<string, string> = starter ? { cell: starter.name } : { text: await pack(text) }
  if (!isLatest()) return
  const parameters = { ...cell, ...parametersOf(settings) }
  keepInAddress('playground', parameters)
  if (isTrusted) store(last, new URLSearchParams(parameters).toString())
}
