// A secret or a link that is shown this once: the text itself, a button to copy it, and the way on.
import { t } from '../i18n.js';
import { html, useEffect, useRef } from '../view.js';
import { Button } from './button.js';
import { CopyButton } from './copy-button.js';
import { Icon } from './icon.js';

export function SecretOnce({ title, text, icon = 'key', test, onDone, children }) {
  const heading = useRef(null);
  useEffect(() => { heading.current.focus(); }, [text]);
  const select = (event) => getSelection().selectAllChildren(event.currentTarget);
  return html`
    <section class="secret">
      <div class="secret-head"><${Icon} name=${icon} size=${28} /><h2 ref=${heading} tabindex="-1">${title}</h2></div>
      ${children && html`<p>${children}</p>`}
      <code class="secret-text" onClick=${select} data-test=${test}>${text}</code>
      <div class="actions">
        <${CopyButton} text=${text} look="" />
        ${onDone && html`<${Button} look="button-plain" onClick=${onDone} test="secret-done">${t('action.done')}<//>`}
      </div>
    </section>`;
}
