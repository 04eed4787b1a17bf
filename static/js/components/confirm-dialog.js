// A question before something that can't be undone. Escape and "cancel" mean no; the focus starts on "cancel".
// With `typed`, yes is said by writing that word.
import { t } from '../i18n.js';
import { useSubmit } from '../loading.js';
import { useModal } from '../modal.js';
import { html, useId, useState } from '../view.js';
import { Alert } from './alert.js';
import { Button } from './button.js';
import { Field } from './field.js';

export function ConfirmDialog({ title, action, onConfirm, onClose, test, look = 'button-danger', typed = null, children }) {
  const dialog = useModal();
  const heading = useId();
  const [written, setWritten] = useState('');
  const missing = typed !== null && written.trim() !== typed;
  const { busy, problem, submit } = useSubmit(async () => { if (!missing) await onConfirm(); });
  return html`
    <dialog ref=${dialog} class="dialog" aria-labelledby=${heading} onClose=${onClose}>
      <form method="dialog" onSubmit=${submit}>
        <h2 id=${heading}>${title}</h2>
        <p class="soft">${children}</p>
        ${typed !== null && html`
          <${Field} label=${t('confirm.type', { word: typed })} value=${written} onValue=${setWritten} autocomplete="off" autocapitalize="none"
            autocorrect="off" spellcheck=${false} test="confirm-typed" />`}
        ${problem && html`<${Alert} kind="error">${problem.detail}<//>`}
        <div class="actions">
          <${Button} look="button-plain" onClick=${() => dialog.current.close()} autofocus>${t('action.cancel')}<//>
          <${Button} look=${look} type="submit" busy=${busy} blocked=${missing} test=${test}>${action}<//>
        </div>
      </form>
    </dialog>`;
}
