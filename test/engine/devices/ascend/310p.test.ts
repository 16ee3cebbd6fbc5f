import { conformanceOn } from './conformance.js'

await conformanceOn('ascend310p', 'Ascend310P3', 'split')
