// A field for a file: to be chosen, or dropped there.
import { html, useId, useState } from '../view.js';
import { Icon } from './icon.js';

export function DropFile({ label, hint, accept, busy, onFile, test }) {
  const id = useId();
  const [over, setOver] = useState(false);
  const take = (file) => { if (file) onFile(file); };
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files[0]);
  };
  const drag = (event) => {
    event.preventDefault();
    setOver(true);
  };
  const choose = (event) => {
    take(event.currentTarget.files[0]);
    // The same file, mended, may be chosen again.
    event.currentTarget.value = '';
  };
  return html`
    <div class=${`drop ${over ? 'drop-over' : ''}`} onDragOver=${drag} onDragLeave=${() => setOver(false)} onDrop=${drop}>
      <input id=${id} type="file" accept=${accept} aria-describedby=${`${id}-hint`} onChange=${choose} data-test=${test} />
      <label for=${id}>
        ${busy ? html`<span class="spinner" aria-hidden="true"></span>` : html`<${Icon} name="upload" size=${40} />`}
        <strong>${label}</strong>
      </label>
      <p class="soft" id=${`${id}-hint`} role="status">${busy || hint}</p>
    </div>`;
}
