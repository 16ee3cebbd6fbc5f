/** A schema in the words of JSON Schema (draft 2020-12), and with it the type of the values that it describes. */
export type Schema<Value = unknown> = {
  readonly json: Readonly<Record<string, unknown>>
  /** Only the type is of use: there is never a value. */
  readonly value?: Value
}

/** A field that may be missing. */
export type OptionalSchema<Value = unknown> = Schema<Value> & { readonly isOptional: true }

/** Fields of an object by their names. */
export type Fields = Readonly<Record<string, Schema>>

/** The type of values of a schema. */
export type ValueOf<S extends Schema> = S extends Schema<infer Value> ? Value : never

/** The type of objects with these fields. */
export type ObjectOf<F extends Fields> = {
  readonly [Name in keyof F as F[Name] extends OptionalSchema ? never : Name]: ValueOf<F[Name]>
} & {
  readonly [Name in keyof F as F[Name] extends OptionalSchema ? Name : never]?: ValueOf<F[Name]> | undefined
}

export const text = (description: string): Schema<string> => ({ json: { type: 'string', description } })

export const truth = (description: string): Schema<boolean> => ({ json: { type: 'boolean', description } })

/** A whole number; `least`: what it is at least. */
export const whole = (description: string, least = 0): Schema<number> => ({
  json: { type: 'integer', minimum: least, description },
})

/** A number; what is undefined, NaN, is null in JSON. */
export const figure = (description: string): Schema<number> => ({
  json: { type: ['number', 'null'], description },
})

/** One of some texts. */
export const choice = <Text extends string>(choices: readonly Text[], description: string): Schema<Text> => ({
  json: { enum: choices, description },
})

export const list = <Item>({ json }: Schema<Item>, description: string): Schema<readonly Item[]> => ({
  json: { type: 'array', items: json, description },
})

/** An object of any names, all with values of one schema. */
export const table = <Item>(
  { json }: Schema<Item>,
  description: string,
): Schema<Readonly<Record<string, Item>>> => ({
  json: { type: 'object', additionalProperties: json, description },
})

/** A text, a number or a truth. */
export const scalar = (description: string): Schema<string | number | boolean> => ({
  json: { type: ['string', 'number', 'boolean', 'null'], description },
})

export const object = <F extends Fields>(fields: F, description: string): Schema<ObjectOf<F>> => ({
  json: { ...objectJson(fields), description },
})

export const optional = <Value>(schema: Schema<Value>): OptionalSchema<Value> => ({
  ...schema,
  isOptional: true,
})

/** What JSON Schema says of objects with these fields. */
export function objectJson(fields: Fields) {
  const names = Object.keys(fields)
  return {
    type: 'object',
    properties: Object.fromEntries(names.map(name => [name, fields[name].json])),
    required: names.filter(name => !('isOptional' in fields[name])),
  } as const
}
