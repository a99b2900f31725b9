// SPDX-License-Identifier: Apache-2.0
#include "boot/x86_64/boot_loader.h"
