import { repeatedInit } from './errors.js'
import { unavailable } from './library.js'

// ACL is initialised once a process, for the program around us or for another device of ours as well; and its calls mean
// the card that was set last. So all devices of a process share what stands here.

/** Cards that are open, by their numbers; each as often as it was opened. */
const openCards: number[] = []
let initialisedHere = false

/**
 * Initialise ACL for one more user of a card. Returns 0, or the error code of `aclInit`; where that is 0, `leaveAcl` is to
 * be called. `aclInit`: returns its code.
 */
export function enterAcl(aclInit: () => unknown, card: number): unknown {
  const code = aclInit()
  if (code !== 0 && code !== repeatedInit) return code
  if (code === 0) initialisedHere = true
  openCards.push(card)
  return 0
}

/**
 * One user less. The last of them finalises ACL, unless others have initialised it: `aclFinalize` ends it for all of the
 * process, whatever its count of initialisations (hicann/runtime `src/acl/aclrt_impl/acl.cpp`).
 */
export function leaveAcl(aclFinalize: () => unknown, card: number): void {
  openCards.splice(openCards.indexOf(card), 1)
  if (openCards.length || !initialisedHere) return
  initialisedHere = false
  aclFinalize()
}

/** @throws DeviceUnavailableError where another card of those that there are is in use: calls could not tell them apart. */
export function checkOneCard(card: number, cards: number): void {
  const other = openCards.find(open => open !== card)
  if (other !== undefined && card < cards)
    throw unavailable(`card ${card}: this process computes on card ${other}`, 'use another process for it')
}
