const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

/** The seconds of a time such as `90s`, `10m` or `1.5h`; 0 for an empty text, undefined for what is no time. */
export function secondsOf(text: string): number | undefined {
  if (text === '') return 0
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text) ?? []
  return amount === undefined ? undefined : Number(amount) * units[unit]
}
