// SPDX-License-Identifier: Apache-2.0
#pragma once

/// SIGHUP, as daemons know it: files that were moved away are opened anew by their paths.
namespace skiff {

/// Whether SIGHUP is about files: some can be reopened, and the terminal on standard input, if it
/// is one, has not gone. Otherwise it is to end the process as other signals do. Any thread.
bool hang_up_means_rotation();

/// Reopens the log file and the metrics file, and logs how that went. Any thread.
void rotate_logs();

}  // namespace skiff
