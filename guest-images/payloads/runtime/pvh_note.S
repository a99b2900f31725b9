// SPDX-License-Identifier: Apache-2.0
//
// The note that makes an ELF file a PVH kernel: XEN_ELFNOTE_PHYS32_ENTRY (18), the physical address
// of the 32-bit entry point (Xen, xen/include/public/elfnote.h).

.section .note.Xen, "a", @note
.balign 4
    .long 4
    .long 8
    .long 18
    .asciz "Xen"
    .quad pvh_entry

.section .note.GNU-stack, "", @progbits
