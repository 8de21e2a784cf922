/* Pictures that are selected, in the order in which they were; kept while something else is searched for. */

export class Selection {
  /** `changed()` is called after every change. */
  constructor(changed) {
    this.hits = new Map();
    this.anchor = null;
    this.changed = changed;
  }

  get size() {
    return this.hits.size;
  }

  has(id) {
    return this.hits.has(id);
  }

  list() {
    return [...this.hits.values()];
  }

  /** Selects one more, or one less; ranges begin here from now on. */
  toggle(hit) {
    if (!this.hits.delete(hit.id)) this.hits.set(hit.id, hit);
    this.anchor = hit.id;
    this.changed();
  }

  /** Selects everything of `hits` between the last one that was chosen and `hit`. */
  reach(hit, hits) {
    const at = (id) => hits.findIndex((one) => one.id === id);
    const from = at(this.anchor);
    const to = at(hit.id);
    if (from < 0) this.anchor = hit.id;
    for (const one of from < 0 ? [hit] : hits.slice(Math.min(from, to), Math.max(from, to) + 1)) this.hits.set(one.id, one);
    this.changed();
  }

  all(hits) {
    for (const hit of hits) this.hits.set(hit.id, hit);
    this.changed();
  }

  clear() {
    this.hits.clear();
    this.anchor = null;
    this.changed();
  }
}
