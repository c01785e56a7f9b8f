"use strict";
// Work on the newest state only: one call at a time, and after it the newest change. Failures are tried again.

sketchfit.Live = class {
  // `work(current)` returns a promise, `show(result, milliseconds)` and `fail(problem)` get what came of it.
  // `current()` is false after a cancellation: long work can stop.
  constructor(work, show, fail, pause = 60) {
    Object.assign(this, {work, show, fail, pause});
    this.version = 0; // of the newest change
    this.done = 0; // version that was worked on
    this.busy = false;
    this.notBefore = 0;
    this.timer = 0;
  }

  change() {
    this.version++;
    this.start();
  }

  // Forget the work in progress.
  cancel() {
    this.version++;
    this.done = this.version;
    clearTimeout(this.timer);
  }

  async start() {
    clearTimeout(this.timer);
    if (this.busy || this.done === this.version) return;
    const wait = this.notBefore - performance.now();
    if (wait > 0) {
      this.timer = setTimeout(() => this.start(), wait);
      return;
    }
    this.busy = true;
    await this.once(this.version);
    this.busy = false;
    this.start();
  }

  async once(version) {
    const begin = performance.now();
    let pause = this.pause;
    try {
      const result = await this.work(() => this.done <= version);
      // While more is drawn, the answer to the older drawing is shown; after a cancellation it is not.
      if (this.done <= version) this.show(result, performance.now() - begin);
      this.done = Math.max(this.done, version);
    } catch (error) {
      if (!(error instanceof sketchfit.Problem)) console.error(error);
      if (this.done <= version) this.fail(error);
      if (error.wait) pause = 1000 * error.wait;
      else this.done = Math.max(this.done, version);
    }
    this.notBefore = performance.now() + pause;
  }
};
