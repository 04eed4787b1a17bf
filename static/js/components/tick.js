// A check box with a name and a sentence.
import { html } from '../view.js';

export function Tick({ checked, onChange, title, note, invalid, test }) {
  return html`
    <label class="choice">
      <input type="checkbox" checked=${checked} aria-invalid=${invalid ? 'true' : undefined} onChange=${(event) => onChange(event.currentTarget.checked)} data-test=${test} />
      <strong>${title}</strong>
      ${note && html`<small>${note}</small>`}
    </label>`;
}
