import { conformanceOn } from './conformance.js'

await conformanceOn('ascend310p', { soc: 'Ascend310P3', layout: 'split', share: 0.25 })
