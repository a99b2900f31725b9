// SPDX-License-Identifier: Apache-2.0
#pragma once

// The least that an HTTP API can be: one connection on a Unix socket, an answer to each request,
// whatever it is. Returns when a request has asked for InstanceStart, which it does not answer:
// *connection is where to. Ends the process with 1 where it cannot serve.
void answer_until_start(const char* socket_path, int* connection);
