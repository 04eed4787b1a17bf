// Dialogs that cover the page. Gone, they give the focus back to what opened them, or to the page's heading when
// that is gone too.
import { useEffect, useRef } from './view.js';

// For the `ref` of a <dialog>.
export function useModal() {
  const dialog = useRef(null);
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current.showModal();
    return () => {
      const back = opener?.isConnected && opener !== document.body ? opener : document.querySelector('main h1');
      back?.focus({ preventScroll: true });
    };
  }, []);
  return dialog;
}
