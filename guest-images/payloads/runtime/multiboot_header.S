// SPDX-License-Identifier: Apache-2.0
//
// The header of a Multiboot 1 image (Multiboot Specification 0.6.96, section 3.1): modules at page
// boundaries, memory information; with WITH_ADDRESS_FIELDS it says where the image lies, so that it
// needs no ELF headers.

.set kMagic, 0x1badb002
#ifdef WITH_ADDRESS_FIELDS
.set kFlags, 1 << 0 | 1 << 1 | 1 << 16
#else
.set kFlags, 1 << 0 | 1 << 1
#endif

.section .multiboot, "a"
.balign 4
header:
    .long kMagic
    .long kFlags
    .long -(kMagic + kFlags)
#ifdef WITH_ADDRESS_FIELDS
    .long header            // header_addr
    .long header            // load_addr: the section is the image's first
    .long data_end          // load_end_addr
    .long bss_end           // bss_end_addr
    .long multiboot_start   // entry_addr
#endif

.section .note.GNU-stack, "", @progbits
