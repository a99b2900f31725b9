// SPDX-License-Identifier: Apache-2.0
//
// The floor that skiff's start-up is measured against: a bare static program with one thread that
// makes the ioctls that a VMM must make, in the best order known, boots a small PVH image with one
// vCPU and 128 MiB, and copies its serial port to standard output. No options, no devices, no error
// recovery.
//
// usage: reference IMAGE [SOCKET]
//
// With SOCKET it answers HTTP requests there first, until one asks for InstanceStart.
//
// The order matters: a memory slot that is set after the irqchip waits for a grace period of 4 to 8
// ms (docs/adr/0002-memory-slots-before-irqchip.md).

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/bench/reference/answerer.h"

enum {
    kMemoryBytes = 128 << 20,
    kStartInfoAddress = 0x6000,
    kMemoryMapAddress = 0x6100,
    kCommandLineAddress = 0x6200,
    kGdtAddress = 0x500,
    kMaxCpuidEntries = 100,
    kSerialData = 0x3f8,
    kSerialLineStatus = 0x3fd,
    kTransmitterEmpty = 0x60,
    kDebugExit = 0xf4,
    kPhysicalEntryNote = 18,  // XEN_ELFNOTE_PHYS32_ENTRY
};

struct StartInfo {  // hvm_start_info version 1: xen/include/public/arch-x86/hvm/start_info.h
    uint32_t magic, version, flags, module_count;
    uint64_t modules, command_line, rsdp, memory_map;
    uint32_t memory_map_entries, reserved;
};

struct MemoryMapEntry {
    uint64_t address, size;
    uint32_t type, reserved;
};

static uint8_t* memory;

static void die(const char* what) {
    fprintf(stderr, "reference: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int request(int fd, unsigned long number, void* argument, const char* name) {
    int result = ioctl(fd, number, argument);
    if (result < 0) {
        die(name);
    }
    return result;
}
#define REQUEST(fd, number, argument) \
    request(fd, number, (void*)(uintptr_t)(argument), #number)  // NOLINT: ioctl takes both kinds

static void read_at(int file, void* to, size_t size, off_t offset) {
    if (pread(file, to, size, offset) != (ssize_t)size) {
        die("the image is shorter than it says");
    }
}

static uint32_t entry_in_notes(const uint8_t* notes, size_t size) {
    for (size_t at = 0; at + sizeof(Elf64_Nhdr) <= size;) {
        const Elf64_Nhdr* note = (const Elf64_Nhdr*)(notes + at);
        const uint8_t* value = (const uint8_t*)(note + 1) + ((note->n_namesz + 3) & ~3u);
        if (note->n_type == kPhysicalEntryNote) {
            uint32_t entry;
            memcpy(&entry, value, sizeof entry);
            return entry;
        }
        at = (size_t)(value - notes) + ((note->n_descsz + 3) & ~3u);
    }
    return 0;
}

// Loads the image and returns the address of its PVH entry point.
static uint32_t load_image(const char* path) {
    uint8_t head[4096], notes[1024];
    uint32_t entry = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || pread(file, head, sizeof head, 0) < (ssize_t)sizeof(Elf64_Ehdr)) {
        die(path);
    }
    const Elf64_Ehdr* elf = (const Elf64_Ehdr*)head;
    const Elf64_Phdr* segment = (const Elf64_Phdr*)(head + elf->e_phoff);
    for (int i = 0; i < elf->e_phnum; i++, segment++) {
        if (segment->p_type == PT_LOAD) {
            read_at(file, memory + segment->p_paddr, segment->p_filesz, (off_t)segment->p_offset);
        } else if (segment->p_type == PT_NOTE && segment->p_filesz <= sizeof notes) {
            read_at(file, notes, segment->p_filesz, (off_t)segment->p_offset);
            entry = entry_in_notes(notes, segment->p_filesz);
        }
    }
    close(file);
    if (entry == 0) {
        errno = ENOEXEC;
        die(path);
    }
    return entry;
}

static void write_start_info(void) {
    struct StartInfo info = {
        .magic = 0x336ec578,
        .version = 1,
        .command_line = kCommandLineAddress,
        .memory_map = kMemoryMapAddress,
        .memory_map_entries = 2,
    };
    struct MemoryMapEntry map[2] = {
        {0, 0x9fc00, 1, 0},
        {0x100000, kMemoryBytes - 0x100000, 1, 0},
    };
    static const uint64_t gdt[4] = {0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00008b0000000067};
    memcpy(memory + kStartInfoAddress, &info, sizeof info);
    memcpy(memory + kMemoryMapAddress, map, sizeof map);
    memcpy(memory + kGdtAddress, gdt, sizeof gdt);
}

static void set_cpuid(int kvm, int vcpu) {
    static struct {
        struct kvm_cpuid2 header;
        struct kvm_cpuid_entry2 entries[kMaxCpuidEntries];
    } cpuid = {.header.nent = kMaxCpuidEntries};
    REQUEST(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid);
    REQUEST(vcpu, KVM_SET_CPUID2, &cpuid);
}

static void set_msrs(int vcpu) {
    static struct {
        struct kvm_msrs header;
        struct kvm_msr_entry entries[2];
    } msrs = {
        .header.nmsrs = 2,
        .entries = {{.index = 0x1a0, .data = 1},       // IA32_MISC_ENABLE: fast strings
                    {.index = 0x2ff, .data = 0x806}},  // IA32_MTRR_DEF_TYPE: on, write-back
    };
    REQUEST(vcpu, KVM_SET_MSRS, &msrs);
}

static struct kvm_segment flat_segment(uint16_t selector, uint8_t type) {
    return (struct kvm_segment){.limit = 0xffffffff,
                                .selector = selector,
                                .type = type,
                                .present = 1,
                                .s = 1,
                                .db = 1,
                                .g = 1};
}

// The state at a PVH entry point: 32-bit flat protected mode, EBX has the start info's address.
static void set_entry_state(int vcpu, uint32_t entry) {
    struct kvm_sregs sregs;
    struct kvm_fpu fpu = {.fcw = 0x37f, .mxcsr = 0x1f80};
    struct kvm_regs regs = {.rip = entry, .rbx = kStartInfoAddress, .rflags = 2};
    REQUEST(vcpu, KVM_GET_SREGS, &sregs);
    sregs.cs = flat_segment(0x08, 0xb);
    sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = flat_segment(0x10, 0x3);
    sregs.tr = (struct kvm_segment){.limit = 0x67, .selector = 0x18, .type = 0xb, .present = 1};
    sregs.gdt = (struct kvm_dtable){.base = kGdtAddress, .limit = 31};
    sregs.cr0 = 0x11;
    sregs.cr4 = 0;
    sregs.efer = 0;
    REQUEST(vcpu, KVM_SET_SREGS, &sregs);
    REQUEST(vcpu, KVM_SET_FPU, &fpu);
    REQUEST(vcpu, KVM_SET_REGS, &regs);
}

static void set_local_interrupts(int vcpu) {
    struct kvm_lapic_state lapic;
    REQUEST(vcpu, KVM_GET_LAPIC, &lapic);
    uint32_t external_interrupt = 0x700, nmi = 0x400;
    memcpy(lapic.regs + 0x350, &external_interrupt, sizeof external_interrupt);  // LVT LINT0
    memcpy(lapic.regs + 0x360, &nmi, sizeof nmi);                                // LVT LINT1
    REQUEST(vcpu, KVM_SET_LAPIC, &lapic);
}

static void port_output(uint16_t port, const uint8_t* data, size_t size) {
    if (port == kSerialData) {
        if (write(1, data, size) != (ssize_t)size) {
            exit(1);
        }
    } else if (port == kDebugExit) {
        exit(data[0] << 1 | 1);
    }
}

static void run(int vcpu, struct kvm_run* state) {
    for (;;) {
        REQUEST(vcpu, KVM_RUN, 0);
        if (state->exit_reason == KVM_EXIT_IO) {
            uint8_t* data = (uint8_t*)state + state->io.data_offset;
            size_t size = (size_t)state->io.size * state->io.count;
            if (state->io.direction == KVM_EXIT_IO_OUT) {
                port_output(state->io.port, data, size);
            } else {
                memset(data, state->io.port == kSerialLineStatus ? kTransmitterEmpty : 0xff, size);
            }
        } else if (state->exit_reason == KVM_EXIT_MMIO) {
            memset(state->mmio.data, 0xff, sizeof state->mmio.data);
        } else {
            return;
        }
    }
}

int main(int argument_count, char** arguments) {
    if (argument_count != 2 && argument_count != 3) {
        fprintf(stderr, "usage: reference IMAGE [SOCKET]\n");
        return 2;
    }
    int client = -1;
    if (argument_count == 3) {
        answer_until_start(arguments[2], &client);
    }
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0) {
        die("/dev/kvm");
    }
    REQUEST(kvm, KVM_GET_API_VERSION, 0);
    size_t state_bytes = (size_t)REQUEST(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    int vm = REQUEST(kvm, KVM_CREATE_VM, 0);

    memory = mmap(NULL, kMemoryBytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        die("guest memory");
    }
    struct kvm_userspace_memory_region region = {.memory_size = kMemoryBytes,
                                                 .userspace_addr = (uint64_t)memory};
    struct kvm_pit_config pit = {.flags = KVM_PIT_SPEAKER_DUMMY};
    REQUEST(vm, KVM_SET_USER_MEMORY_REGION, &region);
    REQUEST(vm, KVM_SET_TSS_ADDR, 0xfffbd000);
    REQUEST(vm, KVM_CREATE_IRQCHIP, 0);
    REQUEST(vm, KVM_CREATE_PIT2, &pit);

    uint32_t entry = load_image(arguments[1]);
    write_start_info();

    int vcpu = REQUEST(vm, KVM_CREATE_VCPU, 0);
    struct kvm_run* state = mmap(NULL, state_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
    if (state == MAP_FAILED) {
        die("vCPU state");
    }
    set_cpuid(kvm, vcpu);
    set_msrs(vcpu);
    set_entry_state(vcpu, entry);
    set_local_interrupts(vcpu);
    run(vcpu, state);
    return 0;
}
