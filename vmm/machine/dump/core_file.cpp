// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/dump/core_file.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "base/units.h"
#include "vmm/kvm/x86_64/debug_state.h"
#include "vmm/machine/careful_memory.h"
#include "vmm/machine/debug/x86_64/paging_bits.h"
#include "vmm/machine/dump/core_notes.h"
#include "vmm/machine/dump/guest_mappings.h"

namespace skiff::machine {
namespace {

constexpr std::uint64_t kPieceBytes = 1 * kMiB;

/// The file, written by position: what is never written stays a hole.
class CoreWriter {
  public:
    CoreWriter(int fd, const std::string& name) : fd_(fd), name_(name) {}

    Result<void> write(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
        while (!bytes.empty()) {
            const ssize_t written =
                ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
            if (written < 0 && errno == EINTR) {
                continue;
            }
            if (written < 0) {
                return Error::host(errno, "cannot write the core '" + name_ + "'");
            }
            offset += static_cast<std::uint64_t>(written);
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
        return {};
    }

  private:
    int fd_;
    const std::string& name_;
};

/// Copies RAM, page by page where a page is not zero, and looks for VMCOREINFO on the way.
class MemoryCopy {
  public:
    MemoryCopy(const GuestMemory& memory, CoreWriter& writer)
        : memory_(memory), writer_(writer), piece_(kPieceBytes) {}

    Result<void> region(const GuestRange& range, std::uint64_t file_offset) {
        for (std::uint64_t at = 0; at < range.size_bytes; at += kPieceBytes) {
            const std::uint64_t size = std::min(kPieceBytes, range.size_bytes - at);
            const auto bytes = std::span(piece_).first(static_cast<std::size_t>(size));
            read(range.start.value() + at, bytes);
            SKIFF_RETURN_IF_ERROR(write_pages(file_offset + at, bytes));
        }
        summary_.memory_bytes += range.size_bytes;
        return {};
    }

    const CoreSummary& summary() const { return summary_; }
    const std::string& vmcoreinfo() const { return vmcoreinfo_; }

  private:
    void read(std::uint64_t address, std::span<std::uint8_t> to) {
        if (read_carefully(memory_, GuestAddress(address), to)) {
            return;
        }
        for (std::size_t at = 0; at < to.size(); at += kPageSize) {
            const auto page = to.subspan(at, std::min<std::size_t>(kPageSize, to.size() - at));
            if (!read_carefully(memory_, GuestAddress(address + at), page)) {
                std::fill(page.begin(), page.end(), std::uint8_t{0});
                summary_.lost_bytes += page.size();
            }
        }
    }

    Result<void> write_pages(std::uint64_t file_offset, std::span<const std::uint8_t> bytes) {
        std::size_t run = 0;  // where the pages that are not written yet begin
        for (std::size_t at = 0; at < bytes.size(); at += kPageSize) {
            const auto page =
                bytes.subspan(at, std::min<std::size_t>(kPageSize, bytes.size() - at));
            if (vmcoreinfo_.empty()) {
                vmcoreinfo_ = vmcoreinfo_in(page);
            }
            const bool is_zero =
                std::all_of(page.begin(), page.end(), [](std::uint8_t byte) { return byte == 0; });
            if (is_zero) {
                SKIFF_RETURN_IF_ERROR(write_run(file_offset, bytes, run, at));
                run = at + page.size();
            }
        }
        return write_run(file_offset, bytes, run, bytes.size());
    }

    Result<void> write_run(std::uint64_t file_offset, std::span<const std::uint8_t> bytes,
                           std::size_t start, std::size_t end) {
        summary_.written_bytes += end - start;
        return writer_.write(file_offset + start, bytes.subspan(start, end - start));
    }

    const GuestMemory& memory_;
    CoreWriter& writer_;
    std::vector<std::uint8_t> piece_;
    CoreSummary summary_;
    std::string vmcoreinfo_;
};

/// The page tables of a vCPU that is in its kernel, if one is: a kernel may take itself out of
/// those of its programs (Linux: page table isolation).
Result<x86_64::PagingMode> paging_mode(const std::vector<kvm::Vcpu>& vcpus) {
    x86_64::PagingMode mode;
    for (auto vcpu = vcpus.rbegin(); vcpu != vcpus.rend(); ++vcpu) {
        SKIFF_ASSIGN_OR_RETURN(const auto state, kvm::x86_64::read_paging_state(*vcpu));
        const bool is_first = vcpu == vcpus.rbegin();
        const bool has_paging = (state.cr0 & x86_64::kCr0Paging) != 0;
        if (is_first || (state.cpl == 0 && has_paging)) {
            mode = {.cr0 = state.cr0, .cr3 = state.cr3, .cr4 = state.cr4, .efer = state.efer};
        }
    }
    return mode;
}

std::vector<Elf64_Phdr> segments_of(const GuestMemory& memory,
                                    const std::vector<GuestMapping>& mappings,
                                    std::uint64_t& data_end) {
    const std::uint64_t offset = direct_map_offset(mappings);
    std::vector<Elf64_Phdr> segments;
    const auto add = [&segments](const GuestMapping& mapping, std::uint64_t file_offset) {
        Elf64_Phdr segment{};
        segment.p_type = PT_LOAD;
        segment.p_flags = PF_R | PF_W | PF_X;
        segment.p_offset = file_offset;
        segment.p_vaddr = mapping.virtual_address;
        segment.p_paddr = mapping.physical_address;
        segment.p_filesz = mapping.size;
        segment.p_memsz = mapping.size;
        segments.push_back(segment);
    };
    const std::size_t aliases = static_cast<std::size_t>(
        std::count_if(mappings.begin(), mappings.end(), [offset](const GuestMapping& mapping) {
            return mapping.virtual_address - mapping.physical_address != offset;
        }));
    const std::uint64_t headers =
        sizeof(Elf64_Ehdr) + (1 + memory.regions().size() + aliases) * sizeof(Elf64_Phdr);
    std::uint64_t at = (headers + kPageSize - 1) / kPageSize * kPageSize;
    for (const GuestMemory::Region& region : memory.regions()) {
        const std::uint64_t start = region.range.start.value();
        add({start + offset, start, region.range.size_bytes}, at);
        at += region.range.size_bytes;
    }
    data_end = at;
    // The regions are the first segments; the others show parts of them at other addresses.
    for (const GuestMapping& mapping : mappings) {
        if (mapping.virtual_address - mapping.physical_address == offset) {
            continue;
        }
        for (std::size_t i = 0; i < memory.regions().size(); ++i) {
            const Elf64_Phdr region = segments[i];
            if (mapping.physical_address - region.p_paddr < region.p_memsz) {
                add(mapping, region.p_offset + (mapping.physical_address - region.p_paddr));
            }
        }
    }
    return segments;
}

Elf64_Ehdr core_header(std::size_t segments) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_CORE;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_phoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = static_cast<Elf64_Half>(segments);
    return header;
}

template <typename T>
std::span<const std::uint8_t> bytes_of(const T* values, std::size_t count) {
    return {reinterpret_cast<const std::uint8_t*>(values), count * sizeof(T)};
}

}  // namespace

Result<CoreSummary> write_core(int fd, const std::string& name, const GuestMemory& memory,
                               const std::vector<kvm::Vcpu>& vcpus) {
    SKIFF_ASSIGN_OR_RETURN(const auto mode, paging_mode(vcpus));
    std::uint64_t notes_offset = 0;
    std::vector<Elf64_Phdr> segments =
        segments_of(memory, guest_mappings(memory, mode), notes_offset);

    CoreWriter writer(fd, name);
    MemoryCopy copy(memory, writer);
    for (std::size_t i = 0; i < memory.regions().size(); ++i) {
        SKIFF_RETURN_IF_ERROR(copy.region(memory.regions()[i].range, segments[i].p_offset));
    }
    CoreSummary summary = copy.summary();
    summary.has_vmcoreinfo = !copy.vmcoreinfo().empty();

    std::vector<std::uint8_t> notes;
    for (const kvm::Vcpu& vcpu : vcpus) {
        SKIFF_RETURN_IF_ERROR(add_vcpu_notes(notes, vcpu));
    }
    if (summary.has_vmcoreinfo) {
        add_note(notes, "VMCOREINFO", 0,
                 bytes_of(copy.vmcoreinfo().data(), copy.vmcoreinfo().size()));
    }
    SKIFF_RETURN_IF_ERROR(writer.write(notes_offset, notes));

    Elf64_Phdr note_segment{};
    note_segment.p_type = PT_NOTE;
    note_segment.p_offset = notes_offset;
    note_segment.p_filesz = notes.size();
    note_segment.p_align = 4;
    segments.insert(segments.begin(), note_segment);
    // Last of all: a file without it is no core yet.
    SKIFF_RETURN_IF_ERROR(
        writer.write(sizeof(Elf64_Ehdr), bytes_of(segments.data(), segments.size())));
    const Elf64_Ehdr header = core_header(segments.size());
    SKIFF_RETURN_IF_ERROR(writer.write(0, bytes_of(&header, 1)));
    return summary;
}

}  // namespace skiff::machine
