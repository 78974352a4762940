import { InputBoxValidationSeverity, window } from "vscode";
import type { Disposable } from "../core/emitter.ts";
import { type BACK, type Page, showPage } from "./page.ts";

export interface TextPage extends Page {
  readonly prompt: () => string;
  readonly placeholder: string;
  readonly value: string;
  /** What is wrong with it, as a sentence; null: nothing. */
  readonly refuse: (typed: string) => string | null;
  /** Said at first, until something else is typed: why this is asked again. */
  readonly notice: string | null;
  readonly watch: (redraw: () => void) => Disposable;
}

/** Lets a person type a line; what is wrong with it is said while typing. */
export async function enterText(page: TextPage): Promise<string | typeof BACK> {
  const input = window.createInputBox();
  input.value = page.value;
  input.placeholder = page.placeholder;
  let notice = page.notice;
  // A page that has just opened asks; it does not scold for what nobody has typed yet.
  let isAnswered = page.value !== "";
  const draw = () => {
    const refusal = isAnswered ? page.refuse(input.value) : null;
    input.prompt = page.prompt();
    input.validationMessage = refusal ?? warning(notice);
  };
  return await showPage<string>(input, page, (settle) => {
    draw();
    return [
      page.watch(draw),
      input.onDidChangeValue(() => {
        notice = null;
        isAnswered = true;
        draw();
      }),
      input.onDidAccept(() => {
        isAnswered = true;
        draw();
        if (page.refuse(input.value) === null) settle(input.value.trim());
      }),
    ];
  });
}

function warning(message: string | null) {
  return message === null ? undefined : { message, severity: InputBoxValidationSeverity.Warning };
}
