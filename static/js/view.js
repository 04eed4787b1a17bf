// The view library in one place: `html` templates, rendering and the hooks, so that only this
// file knows where the vendored copies live.
import { h, render } from '/static/vendor/preact/preact.js';
import htm from '/static/vendor/htm/htm.js';

export { render };
export {
  useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState,
} from '/static/vendor/preact/hooks.js';

export const html = htm.bind(h);
