// Verifies deliveries with two libraries from npm. Standard input: one JSON object a line, {secret, headers, body (base64)};
// standard output: for each, {"standardwebhooks": true or the error, "svix": …}.
import { createInterface } from "node:readline";
import { Webhook as Standard } from "standardwebhooks";
import { Webhook as Svix } from "svix";

function verdict(Library, { secret, headers, body }) {
  try {
    new Library(secret).verify(Buffer.from(body, "base64").toString("utf8"), headers);
    return true;
  } catch (error) {
    return String(error.message);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const delivery = JSON.parse(line);
  console.log(JSON.stringify({ standardwebhooks: verdict(Standard, delivery), svix: verdict(Svix, delivery) }));
}
