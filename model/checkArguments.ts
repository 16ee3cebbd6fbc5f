import { checkObject, checkString, describeValue } from '../data/index.js'

/** @throws TypeError for what is no cell; `caller` begins the message. */
export function checkCellGiven(caller: string, x: unknown): void {
  if (typeof x === 'string')
    throw new TypeError(`${caller}: the cell is ${describeValue(x)}, give await findCell('${x}')`)
  checkObject(caller, 'a cell: await findCell(name)', x, ['name', 'parameters', 'carry', 'step'])
}

/** @throws TypeError for what are no options of a model. */
export function checkModelOptions(caller: string, x: unknown): void {
  checkObject(caller, '{ cell, hidden }: the options of await loadModel(path)', x, ['cell', 'hidden'])
  checkCellGiven(caller, x.cell)
}

/** @throws TypeError for what are no path and no model to write there. */
export function checkModelToWrite(caller: string, path: unknown, model: unknown): void {
  checkString(caller, 'the path of the file to write', path)
  checkObject(caller, 'a model: await loadModel(path)', model, ['options', 'state'])
  checkModelOptions(caller, model.options)
}
