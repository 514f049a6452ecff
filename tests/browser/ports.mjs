// Ports that no other process takes, also while their program is stopped and not yet started again.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";

export const HOST = "127.0.0.1";

/** The first and the last port that the system gives to a program that asks for none. */
function dynamicPorts() {
  try {
    const range = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8");
    return range.trim().split(/\s+/).map(Number);
  } catch {
    // Linux has its own range; others have IANA's.
    return [49_152, 65_535];
  }
}

export function isListening(port) {
  return new Promise((answer) => {
    const socket = connect(port, HOST);
    socket.on("error", () => answer(false));
    socket.on("connect", () => {
      socket.destroy();
      answer(true);
    });
  });
}

/**
 * A port that is no dynamic one, if there are others: no client gets it. This process keeps the UDP
 * port of the same number, by which other tests see that it is taken.
 */
export async function reservePort() {
  const [first, last] = dynamicPorts();
  // Browsers open none of some ports, of which 10,080 is the last.
  const ports = Array.from({ length: 65_536 - 11_000 }, (_, index) => 11_000 + index);
  const isDynamic = (port) => first <= port && port <= last;
  const inOrder = [...ports.filter((port) => !isDynamic(port)), ...ports.filter(isDynamic)];
  for (const port of inOrder) {
    const lock = createSocket("udp4");
    const isBound = once(lock, "listening").then(() => true, () => false);
    lock.bind({ port, address: HOST, exclusive: true });
    if ((await isBound) && !(await isListening(port))) {
      lock.unref();
      return port;
    }
    lock.close();
  }
  throw new Error("every port above 11,000 is taken");
}
