// Somebody, found by name: a field whose suggestions are a list (the ARIA pattern "combobox").
import { t } from '../i18n.js';
import { useSettled } from '../loading.js';
import { signedCall } from '../session.js';
import { html, useEffect, useId, useState } from '../view.js';

const SUGGESTED = 6;
const nameOf = (person) => `${person.name} ${person.surname}`.trim();

export function PersonPicker({ label, hint, error, person, onPerson, nobody, test }) {
  const id = useId();
  const [text, setText] = useState('');
  const [found, setFound] = useState(null);
  const [at, setAt] = useState(-1);
  const [open, setOpen] = useState(false);
  const search = useSettled(text.trim());
  useEffect(() => {
    if (!open || !search) return undefined;
    let wanted = true;
    const show = (items) => {
      if (!wanted) return;
      setFound(items);
      setAt(-1);
    };
    signedCall('GET', '/users', { query: { search, limit: SUGGESTED } }).then((page) => show(page.items), () => show([]));
    return () => { wanted = false; };
  }, [search, open]);
  const close = () => {
    setOpen(false);
    setFound(null);
    setAt(-1);
  };
  const choose = (chosen) => {
    onPerson(chosen);
    setText('');
    close();
  };
  const write = (event) => {
    setText(event.currentTarget.value);
    setOpen(event.currentTarget.value.trim() !== '');
    if (person) onPerson(null);
  };
  const list = open && search ? found : null;
  const press = (event) => {
    if (event.key === 'Escape' && open) {
      event.stopPropagation();
      close();
    }
    if (!list?.length) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setAt((at + step + list.length) % list.length);
    } else if (event.key === 'Enter' && at >= 0) {
      event.preventDefault();
      choose(list[at]);
    }
  };
  return html`
    <div class="field picker">
      <label for=${id}>${label}</label>
      <input id=${id} class="input" role="combobox" aria-expanded=${String(Boolean(list))} aria-controls=${`${id}-list`} aria-autocomplete="list"
        aria-activedescendant=${at >= 0 ? `${id}-${at}` : undefined} aria-describedby=${`${id}-hint`} aria-invalid=${error ? 'true' : undefined}
        value=${person ? nameOf(person) : text} placeholder=${nobody} autocomplete="off" autocapitalize="none" autocorrect="off" spellcheck=${false}
        onInput=${write} onKeyDown=${press} onBlur=${close} data-test=${test} />
      <ul class="picker-list" id=${`${id}-list`} role="listbox" aria-label=${label} hidden=${!list}>
        ${list?.length === 0 && html`<li class="picker-none" role="option" aria-disabled="true">${t('people.none')}</li>`}
        ${list?.map((one, nth) => html`
          <li key=${one.id} id=${`${id}-${nth}`} role="option" aria-selected=${String(nth === at)} onMouseDown=${(event) => event.preventDefault()} onClick=${() => choose(one)}>
            <strong>${nameOf(one)}</strong> <small>${one.email}</small></li>`)}
      </ul>
      <p class="field-hint" id=${`${id}-hint`}>${hint}</p>
      ${error && html`<p class="field-error" role="alert">${error}</p>`}
    </div>`;
}
