// A question before something that can't be undone. Escape and "cancel" mean no; the focus starts on "cancel".
import { t } from '../i18n.js';
import { useSubmit } from '../loading.js';
import { html, useEffect, useId, useRef } from '../view.js';
import { Alert } from './alert.js';
import { Button } from './button.js';

export function ConfirmDialog({ title, action, onConfirm, onClose, test, children }) {
  const dialog = useRef(null);
  const heading = useId();
  const { busy, problem, submit } = useSubmit(onConfirm);
  useEffect(() => { dialog.current.showModal(); }, []);
  return html`
    <dialog ref=${dialog} class="dialog" aria-labelledby=${heading} onClose=${onClose}>
      <form method="dialog" onSubmit=${submit}>
        <h2 id=${heading}>${title}</h2>
        <p class="soft">${children}</p>
        ${problem && html`<${Alert} kind="error">${problem.detail}<//>`}
        <div class="actions">
          <${Button} look="button-plain" onClick=${() => dialog.current.close()} autofocus>${t('action.cancel')}<//>
          <${Button} look="button-danger" type="submit" busy=${busy} test=${test}>${action}<//>
        </div>
      </form>
    </dialog>`;
}
