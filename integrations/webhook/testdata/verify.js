// Verifies webhooks with the official library of Standard Webhooks. Standard
// input is a list of {secret, headers, body}; the answer is a list of true, or
// the library's words.
const { Webhook } = require("standardwebhooks");
const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(({ secret, headers, body }) => {
  try {
    new Webhook(secret).verify(body, headers);
    return "true";
  } catch (e) {
    return String(e.message);
  }
})));
