// Edits as a person makes them in the document, and waits until several pages show the same.

/** Types where the caret is. */
export async function type(visitor, typed) {
  await visitor.page.focus("#editor");
  await visitor.page.keyboard.type(typed);
}

/** Puts the caret there, or selects up to `end`. */
export async function select(visitor, start, end = start) {
  await visitor.page.focus("#editor");
  await visitor.page.evaluate((start, end) => {
    document.getElementById("editor").setSelectionRange(start, end);
  }, start, end);
}

/** Replaces the text, as pasting over all of it does. */
export async function paste(visitor, value, caret = value.length) {
  await visitor.page.evaluate((value, caret) => {
    const editor = document.getElementById("editor");
    editor.value = value;
    editor.setSelectionRange(caret, caret);
    editor.dispatchEvent(new InputEvent("input", { inputType: "insertFromPaste" }));
  }, value, caret);
}

/** Waits until all show the same, of this length, and it is saved; returns it. */
export async function converge(visitors, length) {
  const found = [];
  for (const visitor of visitors) {
    await visitor.sees(`${length} characters, saved`, (length) => {
      return $("editor").value.length === length && $("saved").textContent === "Saved";
    }, length);
    found.push(await visitor.look("$('editor').value"));
  }
  if (new Set(found).size !== 1) throw new Error(`not the same: ${JSON.stringify(found)}`);
  return found[0];
}

/** Whether all characters of `part` are in the text, in order. */
export function contains(whole, part) {
  let at = -1;
  return [...part].every((sign) => (at = whole.indexOf(sign, at + 1)) >= 0);
}

/** Types into an empty document from two pages at once; returns the text that both then have. */
export async function typeAtOnce(ada, bo) {
  await type(ada, "0123456789");
  await converge([ada, bo], 10);
  await select(ada, 0);
  await select(bo, 5);
  const [upper, lower] = ["ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"];
  await Promise.all([type(ada, upper), type(bo, lower)]);
  const both = await converge([ada, bo], 62);
  if (both !== `${upper}01234${lower}56789`) throw new Error(`not as typed: ${both}`);
  return both;
}
