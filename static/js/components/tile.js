// One figure at a glance; with a share, a bar of how full it is.
import { html } from '../view.js';

export function Tile({ label, value, note, share = null, look = '', test }) {
  const filled = share === null ? null : Math.max(0, Math.min(1, share));
  return html`
    <div class=${`tile ${look}`} data-test=${test}>
      <dt>${label}</dt>
      <dd>
        <strong class="numbers">${value}</strong>
        ${filled !== null && html`
          <svg class="tile-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
            <rect class="tile-track" width="100" height="4" /><rect class="tile-fill" width=${filled * 100} height="4" />
          </svg>`}
        ${note && html`<small class="numbers">${note}</small>`}
      </dd>
    </div>`;
}
