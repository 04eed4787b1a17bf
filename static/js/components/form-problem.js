// Why a form was refused: once, so not here when a field says the same.
import { html } from '../view.js';
import { Alert } from './alert.js';

export function FormProblem({ problem, fields = [], test }) {
  if (!problem || fields.some((field) => problem.about(field) === problem.detail)) return null;
  return html`<${Alert} kind="error" test=${test}>${problem.detail}<//>`;
}
