// A button that can be busy, or blocked until something is done first. It keeps the focus then, and does nothing.
import { html } from '../view.js';

export function Button({ busy = false, blocked = false, look = '', type = 'button', test, onClick, children, ...rest }) {
  return html`
    <button type=${type} class=${`button ${look}`} aria-disabled=${busy || blocked ? 'true' : undefined} data-test=${test}
      onClick=${(event) => { if (busy || blocked) event.preventDefault(); else onClick?.(event); }} ...${rest}>
      ${busy && html`<span class="spinner" aria-hidden="true"></span>`}${children}
    </button>`;
}
