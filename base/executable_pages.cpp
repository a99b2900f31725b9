// SPDX-License-Identifier: Apache-2.0
#include "base/executable_pages.h"

#include <link.h>
#include <sys/mman.h>

#include "base/units.h"

namespace skiff {
namespace {

/// Called for the executable first; only there is anything done.
int drop_segments(dl_phdr_info* info, std::size_t /*size*/, void* /*context*/) {
    for (ElfW(Half) i = 0; i < info->dlpi_phnum; ++i) {
        const ElfW(Phdr)& header = info->dlpi_phdr[i];
        if (header.p_type != PT_LOAD || (header.p_flags & PF_W) != 0) {
            continue;  // writable segments, relocated constants among them, hold private data
        }
        const std::uint64_t start = align_down(info->dlpi_addr + header.p_vaddr, kPageSize);
        const std::uint64_t end =
            align_up(info->dlpi_addr + header.p_vaddr + header.p_memsz, kPageSize);
        // A hint: where it fails, the pages stay.
        ::madvise(reinterpret_cast<void*>(start), end - start, MADV_DONTNEED);
    }
    return 1;
}

}  // namespace

void drop_executable_pages() {
    ::dl_iterate_phdr(drop_segments, nullptr);
}

}  // namespace skiff
