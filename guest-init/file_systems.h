// SPDX-License-Identifier: Apache-2.0
#pragma once

// Mounts /proc, /sys and /dev with what is in it; what this kernel does not have is left out. 0
// where it has no devtmpfs: then there are no more devices in /dev than every PC has.
int mount_pseudo_file_systems(void);

// Makes the device's file system the root, read-only with a layer in memory above it. Null, or
// which step was not possible.
const char* change_root(const char* device);

// Makes the folder and those above it; those that exist are no trouble.
void make_folders(const char* path);

// Brings the loopback interface up, where there is a network at all.
void start_loopback(void);
