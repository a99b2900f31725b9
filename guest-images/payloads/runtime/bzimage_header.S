// SPDX-License-Identifier: Apache-2.0
//
// What makes a payload a bzImage that carries no compressed kernel: one setup sector with the setup
// header of boot protocol 2.15, then protected-mode code with its 32-bit entry at offset 0 and its
// 64-bit entry at offset 0x200 (Linux, Documentation/x86/boot.rst).

.section .setup, "a"
setup:
    .org setup + 0x1f1
    .byte 1                         // setup_sects, beside the boot sector
    .word 0                         // root_flags
    .long protected_mode_paragraphs // syssize
    .word 0, 0, 0                   // ram_size, vid_mode, root_dev
    .word 0xaa55                    // boot_flag
    .byte 0xeb, setup_header_end - 1f   // jump: its operand tells where the header ends
1:  .ascii "HdrS"
    .word 0x020f                    // version
    .long 0                         // realmode_swtch
    .word 0, 0                      // start_sys_seg, kernel_version
    .byte 0                         // type_of_loader
    .byte 1                         // loadflags: LOADED_HIGH
    .word 0                         // setup_move_size
    .long 0x100000                  // code32_start
    .long 0, 0                      // ramdisk_image, ramdisk_size
    .long 0                         // bootsect_kludge
    .word 0                         // heap_end_ptr
    .byte 0, 0                      // ext_loader_ver, ext_loader_type
    .long 0                         // cmd_line_ptr
    .long 0x7fffffff                // initrd_addr_max
    .long 0x100000                  // kernel_alignment
    .byte 0, 0                      // relocatable_kernel, min_alignment
    .word 1                         // xloadflags: XLF_KERNEL_64
    .long 2047                      // cmdline_size
    .long 0                         // hardware_subarch
    .quad 0                         // hardware_subarch_data
    .long 0, 0                      // payload_offset, payload_length: nothing compressed
    .quad 0                         // setup_data
    .quad 0x100000                  // pref_address
    .long protected_mode_memory     // init_size
    .long 0                         // handover_offset
    .long 0                         // kernel_info_offset
setup_header_end:
    .org setup + 1024

.section .text.bzimage, "ax"
.code32
protected_mode:
    jmp linux32_start
    .org protected_mode + 0x200
.code64
    jmp linux64_start

.section .note.GNU-stack, "", @progbits
