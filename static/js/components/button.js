// A button that can be busy. While busy it keeps the focus and its width, and does nothing.
import { html } from '../view.js';

export function Button({ busy = false, look = '', type = 'button', test, onClick, children, ...rest }) {
  return html`
    <button type=${type} class=${`button ${look}`} aria-disabled=${busy ? 'true' : undefined} data-test=${test}
      onClick=${(event) => { if (busy) event.preventDefault(); else onClick?.(event); }} ...${rest}>
      ${busy && html`<span class="spinner" aria-hidden="true"></span>`}${children}
    </button>`;
}
