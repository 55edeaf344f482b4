// Edits on their way to the server, one after the other; what the screen shows at once is put right by the answer.
import { query, request } from "/static/net.js";

export class Edits {
  /** `page` has division and plan; `tell` is called after each answer, `conflict(changes, again)` when another was faster. */
  constructor({ plan, division, tell, conflict, complain }) {
    Object.assign(this, { plan, division, tell, conflict, complain });
    this.last = Promise.resolve();
    this.waiting = 0;
    this.stopped = false;
  }

  get base() { return `/api/plans/${this.plan.id}`; }
  get headers() { return { "if-match": `"${this.division.status.revision}"` }; }

  /** Sends an edit after those before it; gives what the server did, or null when it was refused. */
  edit(body) { return this.queue("edits", body); }
  undo() { return this.queue("undo"); }
  redo() { return this.queue("redo"); }

  queue(what, body) {
    this.waiting += 1;
    const sent = this.last.then(() => this.send(what, body)).finally(() => { this.waiting -= 1; });
    this.last = sent.catch(() => null);
    return sent;
  }

  async send(what, body) {
    if (this.stopped) return null; // edits behind a refused one build on ground that is not there
    try {
      const edited = await request(`${this.base}/${what}`, { method: "POST", body, headers: this.headers });
      this.division.apply(edited);
      this.tell(edited);
      return edited;
    } catch (error) {
      if (error.status === 412) {
        // What waits behind it is dropped: its blocks may belong to others by now.
        this.stopped = true;
        this.conflict(error.body.changes ?? [], async () => { this.stopped = false; await this.reload(); return this.queue(what, body); },
          async () => { this.stopped = false; await this.reload(); });
        return null;
      }
      await this.reload().catch(() => null);
      this.complain(error);
      return null;
    }
  }

  /** The plan as the server has it. */
  async reload() {
    const [status, assignment] = await Promise.all([request(`${this.base}/state`), request(`${this.base}/assignment`)]);
    this.division.take(status, assignment.grid);
    this.plan.revision = status.revision;
    this.plan.state = status.state;
    this.tell(null);
  }

  /** A step of the plan's course: submit, return, approve or publish. */
  async step(name, body) {
    await this.last;
    const plan = await request(`${this.base}/${name}`, { method: "POST", body, headers: this.headers });
    Object.assign(this.plan, plan);
    await this.reload();
    return plan;
  }

  /** Goes to the state after an edit of the history; gives whether it did. */
  async jump(sequence) {
    await this.last;
    try {
      await request(query(`${this.base}/jump`, { to: sequence }), { method: "POST", headers: this.headers });
      await this.reload();
      return true;
    } catch (error) {
      if (error.status === 412) this.conflict(error.body.changes ?? [], async () => { await this.reload(); return this.jump(sequence); }, () => this.reload());
      else this.complain(error);
      return false;
    }
  }

  history(after = 0) { return request(query(`${this.base}/edits`, { after })); }
}
