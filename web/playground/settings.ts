/** What a training of the playground is: kept in the address, chosen in a form. */
export type Settings = {
  /** Hidden units. */
  readonly hidden: number
  /** Bases of a read. */
  readonly length: number
  readonly steps: number
  readonly learningRate: number
  readonly seed: number
}

/** What each setting may be; the page's own choice comes by `defaults`. */
export const choices = {
  hidden: [8, 16, 32, 64, 128],
  length: [50, 100, 250],
  steps: [100, 300, 1000, 3000],
  learningRate: [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1],
  seed: [1, 2, 3, 4, 5],
} as const satisfies { readonly [K in keyof Settings]: readonly number[] }

const defaults: Settings = { hidden: 32, length: 100, steps: 300, learningRate: 0.01, seed: 1 }

/** Reads of a batch. */
export const batchSize = 50

const names = Object.keys(defaults) as (keyof Settings)[]

/** The settings that an address names; the page's own for those that it does not name, or names wrongly. */
export function settingsOf(parameters: URLSearchParams): Settings {
  const chosen = (name: keyof Settings): number =>
    choices[name].find(choice => String(choice) === parameters.get(name)) ?? defaults[name]
  return { ...defaults, ...Object.fromEntries(names.map(name => [name, chosen(name)])) }
}

/** Settings as parameters of an address. */
export const parametersOf = (settings: Settings): Record<string, string> =>
  Object.fromEntries(names.map(name => [name, String(settings[name])]))
