// Copies a text, and says that it did.
import { t } from '../i18n.js';
import { html, useEffect, useState } from '../view.js';
import { Button } from './button.js';
import { Icon } from './icon.js';

const SAID_MILLISECONDS = 2500;

export function CopyButton({ text, label = 'action.copy', look = 'button-plain', test = 'copy' }) {
  const [state, setState] = useState(null);
  useEffect(() => {
    if (!state) return undefined;
    const timer = setTimeout(() => setState(null), SAID_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setState('action.copied');
    } catch {
      // Not allowed here: the text is on the page to be selected.
      setState('action.notCopied');
    }
  };
  return html`
    <${Button} look=${look} onClick=${copy} test=${test} data-copied=${state === 'action.copied' ? 'true' : undefined}>
      <${Icon} name=${state === 'action.copied' ? 'check' : 'copy'} size=${20} /><span role="status">${t(state ?? label)}</span>
    <//>`;
}
