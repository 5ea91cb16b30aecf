// Verifies a message as a receiver does that uses Standard Webhooks' own library. From the standard input: { secret, headers, body } with the body in base64.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const { secret, headers, body } = JSON.parse(readFileSync(0, "utf8"));
try {
  const alert = new Webhook(secret).verify(Buffer.from(body, "base64").toString("utf8"), headers);
  console.log(JSON.stringify({ verified: true, id: alert.id }));
} catch (error) {
  console.log(JSON.stringify({ verified: false, why: error.message }));
}
