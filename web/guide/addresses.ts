const parameter = (name: string, value: string): string => value && `&${name}=${encodeURIComponent(value)}`

/** Addresses within the view `#guide`: of a chapter, a door of the package, a name of it, and a member of that. */
export const addresses = {
  chapter: (id: string, anchor = ''): string =>
    `#guide?chapter=${encodeURIComponent(id)}${parameter('at', anchor)}`,
  module: (id: string): string => `#guide?module=${encodeURIComponent(id)}`,
  entry: (id: string, name: string): string => `${addresses.module(id)}${parameter('name', name)}`,
  member: (id: string, name: string, member: string): string =>
    `${addresses.entry(id, name)}${parameter('at', member)}`,
}
