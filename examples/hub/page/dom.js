// Elements of the page. Texts of the network become text nodes only.

export const byId = (id) => document.getElementById(id);

/** Makes an element with these properties, `data` attributes among them, and children. */
export function make(name, { data = {}, attributes = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  Object.assign(element.dataset, data);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function makeSvg(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Sets the text if it differs: an unchanged live region is not read again. */
export function show(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
