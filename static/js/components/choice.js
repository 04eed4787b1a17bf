// A radio button with a name and a sentence.
import { html } from '../view.js';

export function Choice({ name, value, chosen, onChoose, title, note, test }) {
  return html`
    <label class="choice">
      <input type="radio" name=${name} value=${value} checked=${chosen === value} onChange=${() => onChoose(value)} data-test=${test} />
      <strong>${title}</strong>
      ${note && html`<small>${note}</small>`}
    </label>`;
}
