// Light or dark: the colors of the page, and the choice of the user.

import { changed } from "./state.js";

export function theme() {
  if (!theme.cache) {
    const style = getComputedStyle(document.documentElement),
      get = (name) => style.getPropertyValue(name).trim();
    theme.cache = {
      dark: get("--dark") === "1",
      ink: get("--ink"),
      soft: get("--soft"),
      line: get("--line"),
      back: get("--card"),
      accent: get("--accent"),
      second: get("--second"),
      win: get("--win"),
      bad: get("--bad"),
    };
  }
  return theme.cache;
}

const THEME_KEY = "stemma-theme";

export function localTheme() {
  try {
    return localStorage.getItem(THEME_KEY);
  } catch {
    return null;
  } // a page from a file may have no storage
}

export function setTheme(name) {
  try {
    localStorage.setItem(THEME_KEY, name);
  } catch {
    /* it holds until the page is closed */
  }
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  theme.cache = null;
  changed();
}
