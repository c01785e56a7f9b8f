"use strict";
// Answers from the HTTP service that also sent this page.
//
// An engine has `facts()`, `predict(picture)` and `explain(picture)`; a picture has `blob()`.

// What went wrong, in one sentence for the reader. `wait`: seconds until it is worth trying again, else null.
sketchfit.Problem = class extends Error {
  constructor(message, {wait = null, token = false, status = null} = {}) {
    super(message);
    Object.assign(this, {wait, token, status});
  }
};

sketchfit.Service = class {
  constructor(timeout = 20000) {
    this.timeout = timeout;
    this.token = null;
    try {
      this.token = sessionStorage.getItem("sketchfit-token");
    } catch { /* storage is not allowed here */ }
  }

  useToken(token) {
    this.token = token;
    try {
      sessionStorage.setItem("sketchfit-token", token);
    } catch { /* it is forgotten with the page */ }
  }

  facts() {
    return this.fetch("model");
  }

  async predict(picture) {
    const {predictions} = await this.send("predict", picture);
    if (predictions[0].error) throw new sketchfit.Problem(sentence(predictions[0].error));
    return predictions[0];
  }

  explain(picture) {
    return this.send("explain", picture);
  }

  async send(path, picture) {
    const body = await picture.blob();
    const headers = {"Content-Type": body.type || "application/octet-stream"};
    return this.fetch(path, {method: "POST", body, headers});
  }

  async fetch(path, {headers = {}, ...options} = {}) {
    if (this.token) headers = {...headers, Authorization: `Bearer ${this.token}`};
    let response;
    try {
      response = await fetch(path, {...options, headers, cache: "no-store", signal: AbortSignal.timeout(this.timeout)});
    } catch {
      throw new sketchfit.Problem("The service does not answer.", {wait: 3});
    }
    if (!response.ok) throw await problem(response);
    return response.json();
  }
};

function sentence(error) {
  const text = typeof error === "string" ? error : error?.message ?? error?.error ?? "The service refused the request";
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

async function problem(response) {
  const wait = Math.min(60, Number(response.headers.get("Retry-After")) || 2);
  if (response.status === 401 || response.status === 403) {
    return new sketchfit.Problem("The service needs a token.", {token: true});
  }
  if (response.status === 429 || response.status === 503) {
    return new sketchfit.Problem("The service is busy.", {wait});
  }
  if (response.status === 413) return new sketchfit.Problem("The picture is too large for the service.");
  if (response.status >= 500) return new sketchfit.Problem("The service has an error.", {wait: 5});
  const content = await response.json().catch(() => ({}));
  return new sketchfit.Problem(sentence(content.predictions?.[0]?.error ?? content.error), {status: response.status});
}
