// Asks for the token once; it stays until the tab is closed.

import { useEffect, useRef, useState } from 'preact/hooks';

import { asksToken, giveToken } from '../app.ts';
import { text } from '../text/text.ts';

export function TokenDialog() {
  const t = text.value;
  const dialog = useRef<HTMLDialogElement>(null);
  const [token, setToken] = useState('');
  const asked = asksToken.value;
  useEffect(() => {
    if (asked && !dialog.current?.open) dialog.current?.showModal();
    if (!asked && dialog.current?.open) dialog.current.close();
  }, [asked]);
  return (
    <dialog ref={dialog} aria-labelledby="token-title" onCancel={(event) => event.preventDefault()}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim() !== '') void giveToken(token);
        }}
      >
        <h2 id="token-title">{t.tokenTitle}</h2>
        <p>{t.tokenText}</p>
        {asked?.wasRefused && (
          <p class="bad-text" role="alert">
            {t.tokenRefused}
          </p>
        )}
        <label>
          <span>{t.tokenLabel}</span>
          <input
            type="password"
            autocomplete="off"
            required
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary">
          {t.tokenSend}
        </button>
      </form>
    </dialog>
  );
}
