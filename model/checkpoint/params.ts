/**
 * `params.json`: the settings that a run leaves beside its checkpoints. The reference writes its settings as JSON inside
 * a JSON string (`json.dumps(params.to_json())`) and reads that back as YAML, then JSON; plain JSON is read here too.
 */
import { readFile } from 'node:fs/promises'
import { parseJson, writeFileAtomic } from '../../data/index.js'
import { isKind } from '../settingKinds.js'
import { type Settings, settingNames, settingsTable } from '../settings.js'
import { CheckpointError } from './tensors.js'

/** The settings, as far as the file has them, and whatever else it has (the reference's `vocab_size`, say). */
export type Params = Partial<Settings> & { readonly [other: string]: unknown }

/**
 * Parse the text of a `params.json`, double-encoded or plain. `file` names it in errors.
 * @throws CheckpointError for text that is not JSON, is not an object, or gives a known setting the wrong type.
 */
export function parseParams(text: string, file = 'params.json'): Params {
  let params: unknown
  try {
    params = parseJson(text)
    if (typeof params === 'string') params = parseJson(params)
  } catch (cause) {
    throw new CheckpointError(file, `the settings are ${(cause as Error).message}`, { cause })
  }
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    throw new CheckpointError(file, 'the settings are not a JSON object')
  }
  const known: Params = { ...params }
  for (const name of settingNames) {
    const value = known[name]
    const { kind } = settingsTable[name]
    if (value !== undefined && !isKind(kind, value))
      throw new CheckpointError(file, `${name} is ${JSON.stringify(value)}, wanted ${article(kind)} ${kind}`)
  }
  return known
}

/** The text of a `params.json` that the reference reads: ASCII JSON inside a JSON string. */
export function formatParams(params: Params): string {
  const ascii = JSON.stringify(params).replace(
    /[\u007f-\uffff]/g,
    unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return JSON.stringify(ascii)
}

/** Read a `params.json`. @throws CheckpointError when it is missing or malformed. */
export async function readParams(path: string): Promise<Params> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new CheckpointError(path, `cannot read the settings: ${(cause as Error).message}`, { cause })
  }
  return parseParams(text, path)
}

/** Write a `params.json` in the reference's form, whole or not at all. @throws Error when that is not possible. */
export const writeParams = async (path: string, params: Params): Promise<void> =>
  writeFileAtomic(path, formatParams(params))

const article = (noun: string): string => (noun === 'integer' ? 'an' : 'a')
