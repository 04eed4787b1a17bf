// A picture that came as text. It is shown as an image, where no script in it could run.
import { html, useEffect, useState } from '../view.js';

export function SvgImage({ svg, alt, test }) {
  const [address, setAddress] = useState(null);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [svg]);
  return html`<div class="svg-image">${address && html`<img src=${address} alt=${alt} data-test=${test} />`}</div>`;
}
