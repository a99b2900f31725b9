// SPDX-License-Identifier: Apache-2.0
//
// Start-up code of the freestanding payloads: from each entry protocol that skiff knows to
// run_payload() in 64-bit mode, on our own GDT, page tables and stack.
//
//   pvh_start      PVH: 32-bit protected mode, EBX = physical address of hvm_start_info; SS and the
//                  stack are unspecified (Xen, docs/misc/pvh.pandoc).
//   linux32_start  Linux 32-bit boot protocol: ESI = boot_params (Documentation/x86/boot.rst).
//   multiboot_start  Multiboot 1: as PVH, with the magic number in EAX and EBX = information
//                  structure (Multiboot Specification, section 3.2).
//   linux64_start  Linux 64-bit boot protocol: long mode, RSI = boot_params.
//   ap_trampoline  real mode: where a start-up IPI sends an application processor.
//
// Nothing here is specific to one payload, but a payload may have an entry of its own that does
// something first and then jumps to pvh_start (hello does).

.set kCr0ProtectionEnable, 1 << 0
.set kCr0Paging, 1 << 31
.set kCr4PhysicalAddressExtension, 1 << 5
.set kMsrEfer, 0xc0000080
.set kEferLongModeEnable, 1 << 8

.set kSelectorCode64, 0x08
.set kSelectorData, 0x10
.set kSelectorCode32, 0x18

// 32-bit protected mode without paging -> compatibility mode. Changes EAX, ECX, EDX only.
.macro enable_long_mode
    mov $page_map_level_4, %eax
    mov %eax, %cr3
    mov %cr4, %eax
    or $kCr4PhysicalAddressExtension, %eax
    mov %eax, %cr4
    mov $kMsrEfer, %ecx
    rdmsr
    or $kEferLongModeEnable, %eax
    wrmsr
    mov %cr0, %eax
    or $(kCr0Paging | kCr0ProtectionEnable), %eax
    mov %eax, %cr0
.endm

.macro load_data_segments
    mov $kSelectorData, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov %eax, %gs
.endm

.section .text.start, "ax"

.code32
.globl linux32_start
linux32_start:
    mov %esi, linux_boot_params
    jmp start_32

.globl multiboot_start
multiboot_start:
    mov %eax, multiboot_magic
    mov %ebx, multiboot_info
    jmp start_32

// Where the PVH note points: a payload with an entry of its own defines pvh_entry itself.
.weak pvh_entry
pvh_entry:
.globl pvh_start
pvh_start:
    mov %ebx, pvh_start_info
start_32:
    cld
    lgdt descriptor_table_32
    load_data_segments
    enable_long_mode
    ljmp $kSelectorCode64, $start_64

.code64
.globl linux64_start
linux64_start:
    cli
    cld
    mov %rsi, linux_boot_params
    lgdt descriptor_table_64
    mov $page_map_level_4, %eax
    mov %rax, %cr3
    load_data_segments
    mov $boot_stack_top, %esp
    push $kSelectorCode64
    push $start_64
    lretq

start_64:
    mov $boot_stack_top, %esp
    xor %ebp, %ebp
    call run_payload
    ud2

// An application processor comes here from the trampoline, with paging off and no stack.
.code32
ap_start_32:
    load_data_segments
    enable_long_mode
    ljmp $kSelectorCode64, $ap_start_64

.code64
ap_start_64:
    // The start order gives each processor its stack; processor 0 of ap_stacks is the first AP.
    mov $1, %eax
    lock xadd %eax, ap_started
    cmp $254, %eax
    jae 1f
    mov %eax, %edi
    inc %eax
    imul $2048, %eax, %eax
    lea ap_stacks(%eax), %esp
    xor %ebp, %ebp
    call run_application_processor
1:  hlt
    jmp 1b

// Copied to a page below 1 MiB; the start-up IPI's vector is that page's number, so CS is the page
// and IP is 0. It must not refer to itself by absolute address.
.section .rodata.trampoline, "a"
.code16
.globl ap_trampoline, ap_trampoline_end
ap_trampoline:
    cli
    cld
    mov %cs, %ax
    mov %ax, %ds
    lgdtl ap_descriptor_table - ap_trampoline
    mov %cr0, %eax
    or $kCr0ProtectionEnable, %eax
    mov %eax, %cr0
    ljmpl $kSelectorCode32, $ap_start_32
.balign 4
ap_descriptor_table:
    .word global_descriptor_table_end - global_descriptor_table - 1
    .long global_descriptor_table
ap_trampoline_end:

.section .data.tables, "aw"
// User selectors stand where Linux has them: a KVM backend may run user mode on the host's own.
.balign 16
.globl global_descriptor_table
global_descriptor_table:
    .quad 0
    .quad 0x00af9b000000ffff    // 0x08: 64-bit code
    .quad 0x00cf93000000ffff    // 0x10: flat data
    .quad 0x00cf9b000000ffff    // 0x18: flat 32-bit code
    .quad 0
    .quad 0x00cff3000000ffff    // 0x28: flat data of CPL 3
    .quad 0x00affb000000ffff    // 0x30: 64-bit code of CPL 3
    .fill 2 * 4 + 1, 8, 0       // 0x40: task state segments of four processors (user_mode.cpp)
global_descriptor_table_end:

.balign 4
descriptor_table_32:
    .word global_descriptor_table_end - global_descriptor_table - 1
    .long global_descriptor_table
.balign 8
descriptor_table_64:
    .word global_descriptor_table_end - global_descriptor_table - 1
    .quad global_descriptor_table

// The first 4 GiB mapped to themselves in 2 MiB pages, written by the assembler: filling them at run
// time would cost more than all the rest of a start where supervisor mode is emulated. Entries have
// present, writable, user, accessed (and dirty, page size) set: all is CPL 3's too, see user_mode.h.
// map_gibibyte() adds what lies above.
.balign 4096
page_map_level_4:
    .quad page_directory_pointers + 0x27
    .fill 511, 8, 0
.globl page_directory_pointers
page_directory_pointers:
    .quad page_directories + 0x0027
    .quad page_directories + 0x1027
    .quad page_directories + 0x2027
    .quad page_directories + 0x3027
    .fill 508, 8, 0
page_directories:
.set address, 0
.rept 2048
    .quad address + 0xe7
    .set address, address + 0x200000
.endr

// What the entry protocol gave us; read by boot_info.cpp.
.globl pvh_start_info, linux_boot_params, multiboot_magic, multiboot_info
.balign 8
pvh_start_info:
    .quad 0
linux_boot_params:
    .quad 0
multiboot_magic:
    .quad 0
multiboot_info:
    .quad 0
.globl ap_started
ap_started:
    .long 0

.section .bss.stacks, "aw", @nobits
.balign 16
    .skip 16384
boot_stack_top:
ap_stacks:
    .skip 254 * 2048

.section .note.GNU-stack, "", @progbits
