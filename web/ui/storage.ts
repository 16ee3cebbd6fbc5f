/** Small choices that outlast a visit. Where storage is full or forbidden, they last as long as the page. */
const unsaved = new Map<string, string>()

/** What is kept under a name; undefined where there is nothing. */
export function stored(name: string): string | undefined {
  try {
    return unsaved.get(name) ?? localStorage.getItem(name) ?? undefined
  } catch {
    return unsaved.get(name)
  }
}

/** Keep a text under a name. */
export function store(name: string, text: string): void {
  try {
    localStorage.setItem(name, text)
    unsaved.delete(name)
  } catch {
    unsaved.set(name, text)
  }
}
