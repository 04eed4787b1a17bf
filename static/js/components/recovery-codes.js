// The recovery codes, shown this once: to be copied, kept as a file or printed.
import { saveText } from '../download.js';
import { formatLongDay, t } from '../i18n.js';
import { useInstance } from '../instance.js';
import { useUser } from '../session.js';
import { html, useEffect, useRef } from '../view.js';
import { Button } from './button.js';
import { CopyButton } from './copy-button.js';
import { Icon } from './icon.js';

export function RecoveryCodes({ codes, action, onDone }) {
  const heading = useRef(null);
  const user = useUser();
  const instance = useInstance();
  useEffect(() => { heading.current.focus(); }, [codes]);
  const whose = [instance?.name ?? 'Appliance', user?.email].filter(Boolean).join(' · ');
  const sheet = [t('recovery.sheet'), whose, formatLongDay(new Date()), '', ...codes, ''].join('\n');
  return html`
    <section class="secret printable">
      <div class="secret-head"><${Icon} name="shield" size=${28} /><h2 ref=${heading} tabindex="-1">${t('recovery.title')}</h2></div>
      <p>${t('recovery.note')}</p>
      <p class="print-only">${whose} · ${formatLongDay(new Date())}</p>
      <ol class="codes" role="list" data-test="recovery-codes">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ol>
      <div class="actions">
        <${CopyButton} text=${codes.join('\n')} />
        <${Button} look="button-plain" onClick=${() => saveText(sheet, t('recovery.file'))} test="recovery-download"><${Icon} name="download" size=${20} />${t('action.download')}<//>
        <${Button} look="button-plain" onClick=${() => window.print()} test="recovery-print"><${Icon} name="print" size=${20} />${t('action.print')}<//>
      </div>
      <div class="actions secret-end"><${Button} onClick=${onDone} test="recovery-done">${action}<//></div>
    </section>`;
}
