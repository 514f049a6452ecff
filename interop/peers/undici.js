// Node's own `WebSocket`, which is undici's.
"use strict";

require("./whatwg.js");

runCases(process.argv[3], console.log).then(() => process.exit());
