// Mail servers for the tests. Reads one JSON object a line: { id, open: {...} } opens a server and answers { id, kind: "open", port };
// what happens there is told as { id, kind, ... }. Ends with its input.
import net from 'node:net';
import readline from 'node:readline';
import { SMTPServer } from 'smtp-server';
import { simpleParser } from 'mailparser';

const tell = (id, kind, more) => process.stdout.write(JSON.stringify({ id, kind, ...more }) + '\n');

function refusal({ code, text }) {
  const error = new Error(text ?? 'scripted');
  error.responseCode = code;
  return error;
}

// A step of the script: answers as it says, hangs, drops the connection or, without one, goes on.
function step(id, script, at, session, callback, result) {
  const scripted = script[at];
  if (scripted === undefined) {
    callback(null, result);
  } else if (scripted === 'hang') {
    tell(id, 'hangs', { at });
  } else {
    callback(refusal(scripted));
  }
}

async function received(id, session, raw) {
  const mail = await simpleParser(raw);
  tell(id, 'mail', {
    mail: {
      secure: session.secure,
      user: session.user || null,
      sender: session.envelope.mailFrom.address,
      recipients: session.envelope.rcptTo.map(recipient => recipient.address),
      headers: mail.headerLines.map(header => header.key),
      lines: mail.headerLines.map(header => header.line),
      from: mail.from.text,
      to: mail.to.value.map(address => address.address),
      cc: mail.cc?.value.length ?? 0,
      bcc: mail.bcc?.value.length ?? 0,
      subject: mail.subject,
      messageId: mail.messageId,
      date: mail.date.toISOString(),
      text: mail.text,
      html: mail.html,
      attachments: mail.attachments.length,
      longestLine: Math.max(...raw.toString('latin1').split('\r\n').map(line => line.length)),
    },
  });
}

function smtp(id, script) {
  return new SMTPServer({
    secure: script.security === 'tls',
    hideSTARTTLS: script.security === 'none',
    disabledCommands: script.user ? [] : ['AUTH'],
    authOptional: !script.requiresLogOn,
    disableReverseLookup: true,
    closeTimeout: 100,
    key: script.key,
    cert: script.certificate,
    onConnect: (session, callback) => step(id, script, 'connect', session, callback),
    onAuth(auth, session, callback) {
      tell(id, 'auth', { method: auth.method });
      if (script.logOn === undefined && (auth.username !== script.user || auth.password !== script.password)) {
        callback(refusal({ code: 535, text: `5.7.8 ${auth.username} with ${auth.password} is not known` }));
      } else {
        step(id, script, 'logOn', session, callback, { user: auth.username });
      }
    },
    onMailFrom: (address, session, callback) => step(id, script, 'sender', session, callback),
    onRcptTo: (address, session, callback) => step(id, script, address.address, session, callback),
    onData(stream, session, callback) {
      const chunks = [];
      stream.on('data', chunk => chunks.push(chunk));
      stream.on('end', async () => {
        if (script.message === undefined) {
          await received(id, session, Buffer.concat(chunks));
        }
        step(id, script, 'message', session, callback);
      });
    },
  });
}

// A server that only knows the answers it is given, by command; what has none is met with silence, and 'drop' ends the connection.
function raw(id, answers) {
  return net.createServer(socket => {
    let inMessage = false;
    const answer = command => {
      tell(id, 'command', { command });
      const text = answers[command];
      if (text === 'drop') {
        socket.destroy();
      } else if (text !== undefined) {
        inMessage = command === 'DATA';
        socket.write(text.replaceAll('\n', '\r\n') + '\r\n');
      }
    };
    socket.on('error', () => {});
    readline.createInterface({ input: socket }).on('line', line => {
      if (!inMessage) {
        answer(line.split(/[ :]/)[0].toUpperCase());
      } else if (line === '.') {
        inMessage = false;
        answer('.');
      }
    });
    answer('CONNECT');
  });
}

readline.createInterface({ input: process.stdin }).on('line', line => {
  const { id, open } = JSON.parse(line);
  const server = open.answers ? raw(id, open.answers) : smtp(id, open);
  server.on('error', error => tell(id, 'error', { message: String(error.message) }));
  const listener = server.listen(0, '127.0.0.1', () => tell(id, 'open', { port: listener.address().port }));
}).on('close', () => process.exit(0));
