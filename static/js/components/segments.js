// A choice between a few words, side by side.
import { html, useId } from '../view.js';

export function Segments({ label, options, chosen, onChoose, test }) {
  const name = useId();
  return html`
    <fieldset class="segments" data-test=${test}>
      <legend class="unseen">${label}</legend>
      ${options.map(({ value, text }) => html`
        <label>
          <input type="radio" name=${name} value=${value} checked=${value === chosen} onChange=${() => onChoose(value)} />
          <span>${text}</span>
        </label>`)}
    </fieldset>`;
}
