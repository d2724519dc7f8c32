import { attributes, html } from './html.ts';
import type { Content, Html } from './html.ts';
import { icon } from './icons.ts';

/** What every field of a form has. The hint says what to enter, the error what to change. */
interface Field {
  readonly name: string;
  readonly label: string;
  readonly hint?: Content;
  readonly error?: string | null;
  readonly value?: string;
}

/** A field of one line. */
interface InputField extends Field {
  readonly type: 'text' | 'email';
  readonly required?: boolean;
  readonly autocomplete?: string;
  readonly inputmode?: 'numeric' | 'email';
  readonly maxlength?: number;
  readonly spellcheck?: 'false';
  readonly autocapitalize?: 'none';
}

/** A field of several lines; `maxlength` in UTF-16 code units, a line end counting as one. */
interface TextField extends Field {
  readonly maxlength: number;
  readonly rows: number;
}

/** A labelled field of one line. */
export function inputField({ label, hint, error, ...rest }: InputField): Html {
  return fieldFrame(
    { name: rest.name, label, hint, error },
    (described) => html`<input${attributes({ id: rest.name, ...rest, ...described })}/>`,
  );
}

/** A labelled field of several lines, which keeps what was typed even where it is too long. */
export function textField({ label, hint, error, value, ...rest }: TextField): Html {
  // The parser drops one line end after the opening tag: without this one, a text that starts with an empty line would lose it.
  const control = (
    described: Described,
  ): Html => html`<textarea${attributes({ id: rest.name, ...rest, dir: 'auto', ...described })}>
${value}</textarea>`;
  return fieldFrame({ name: rest.name, label, hint, error }, control);
}

interface Described {
  readonly [attribute: string]: string | boolean | null;
}

function fieldFrame({ name, label, hint, error }: Omit<Field, 'value'>, control: (described: Described) => Html): Html {
  const hintId = hint ? `${name}-hint` : null;
  const errorId = error ? `${name}-error` : null;
  const describedBy = [errorId, hintId].filter((id) => id !== null).join(' ');
  const described = {
    'aria-describedby': describedBy || null,
    'aria-invalid': error ? 'true' : null,
    autofocus: Boolean(error),
  };
  return html`<div class="field">
    <label for="${name}">${label}</label>
    ${hintId && html`<div class="hint" id="${hintId}">${hint}</div>`}
    ${errorId && html`<p class="field-error" id="${errorId}">${icon('alert')}${error}</p>`}
    ${control(described)}
  </div>`;
}
