/**
 * Characters that do something else to a terminal or a table than stand in it: controls (escape sequences, NUL, line
 * ends), line and paragraph separators, marks that turn the direction of writing around, halves of surrogate pairs.
 */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/u
const everyUnprintable = new RegExp(unprintable.source, 'gu')

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * Text as messages show it: unprintable characters are escaped as in a string of JavaScript, `\x1b` or `\u202e`. What
 * files and names contain reaches a message only through this: errors of bad input apply it to theirs, the command line
 * to whatever it says.
 */
export const printable = (text: string): string =>
  unprintable.test(text)
    ? text.replace(everyUnprintable, character => escapes[character] ?? escaped(character.charCodeAt(0)))
    : text

/** The most characters of a message. Damaged files have names of a million. */
const longest = 2000

/** A message of an error that quotes what a file has: printable, and cut in its middle where it is very long. */
export function quoting(message: string): string {
  const text = printable(message)
  return text.length <= longest ? text : `${text.slice(0, longest / 2)} … ${text.slice(-longest / 2)}`
}

const escaped = (code: number): string =>
  code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`

/** What stands for a character that cannot be kept; also what a decoder makes of bytes that are no UTF-8. */
export const replacement = '\ufffd'

/**
 * Text as the tables show it that it goes into, one field of one line: unprintable characters are replaced, so that
 * whoever reads the table sees, and can count, that they were there.
 */
export const field = (text: string): string =>
  unprintable.test(text) ? text.replace(everyUnprintable, replacement) : text
