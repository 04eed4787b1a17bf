// Nothing here yet, and what to do about it.
import { html } from '../view.js';
import { Icon } from './icon.js';

export function Empty({ icon = 'events', title, children }) {
  return html`
    <div class="placeholder">
      <${Icon} name=${icon} size=${36} />
      <h3>${title}</h3>
      ${children && html`<p>${children}</p>`}
    </div>`;
}
