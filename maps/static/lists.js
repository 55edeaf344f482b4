// Arrow keys in lists: the focus stays in the input, the marked row moves.

export class Marked {
  /** `rows()` gives the rows in order; `open(row)` is what Enter does. */
  constructor(input, rows, open) {
    Object.assign(this, { input, rows, open });
    this.at = -1;
    input.addEventListener("keydown", (event) => this.key(event));
  }

  mark(index) {
    const rows = this.rows();
    this.at = rows.length ? Math.max(-1, Math.min(index, rows.length - 1)) : -1;
    rows.forEach((row, i) => row.setAttribute("aria-selected", String(i === this.at)));
    const row = rows[this.at];
    if (row) {
      this.input.setAttribute("aria-activedescendant", row.id);
      row.scrollIntoView({ block: "nearest" });
    } else this.input.removeAttribute("aria-activedescendant");
  }

  key(event) {
    if (event.isComposing) return; // the arrows and Enter belong to the Chinese input method
    const rows = this.rows();
    if (event.key === "ArrowDown") this.mark(this.at + 1);
    else if (event.key === "ArrowUp") this.mark(Math.max(this.at - 1, 0));
    else if (event.key === "Enter" && rows.length) this.open(rows[Math.max(this.at, 0)]);
    else return;
    event.preventDefault();
  }
}
